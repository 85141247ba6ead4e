using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.Upstreams;

/// <summary>The table <c>upstream_limits</c>. Written by the upstream's grain only.</summary>
public sealed class UpstreamLimitStore(Database database)
{
    private const string FindLimitsSql = """
        -- name: FindUpstreamLimits
        SELECT upstream, concurrency, calls_per_second, set_by, set_at FROM upstream_limits WHERE $1::text IS NULL OR upstream = $1
        """;

    /// <summary>The limits set for one upstream; null when it is as configured.</summary>
    public async Task<LoweredLimits?> FindAsync(string upstream, CancellationToken cancellationToken) => (await ReadAsync(upstream, cancellationToken)).SingleOrDefault();

    /// <summary>The limits set for any upstream.</summary>
    public async Task<IReadOnlyDictionary<string, LoweredLimits>> ListAsync(CancellationToken cancellationToken) =>
        (await ReadAsync(null, cancellationToken)).ToDictionary(limits => limits.Upstream, StringComparer.Ordinal);

    private const string SaveLimitsSql = """
        -- name: SaveUpstreamLimits
        INSERT INTO upstream_limits (upstream, concurrency, calls_per_second, set_by, set_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (upstream) DO UPDATE
        SET concurrency = excluded.concurrency, calls_per_second = excluded.calls_per_second, set_by = excluded.set_by, set_at = excluded.set_at
        """;

    private const string DropLimitsSql = """
        -- name: DropUpstreamLimits
        DELETE FROM upstream_limits WHERE upstream = $1
        """;

    /// <summary>Stores them, or drops what is stored when nothing is lowered any more.</summary>
    public async Task SaveAsync(LoweredLimits limits, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var command = limits.IsNone
            ? connection.Sql(DropLimitsSql).With(limits.Upstream)
            : connection.Sql(SaveLimitsSql).With(limits.Upstream)
                .WithTyped(NpgsqlDbType.Integer, limits.Concurrency).WithTyped(NpgsqlDbType.Double, limits.CallsPerSecond).With(limits.SetBy).With(limits.SetAt);
        await command.RunAsync(cancellationToken);
    }

    private async Task<List<LoweredLimits>> ReadAsync(string? upstream, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(FindLimitsSql).WithText(upstream).ListAsync(
            row => new LoweredLimits(
                row.GetString(0), row.Int(1), row.IsDBNull(2) ? null : row.GetDouble(2), row.GetString(3), row.GetFieldValue<DateTimeOffset>(4)),
            cancellationToken);
    }
}
