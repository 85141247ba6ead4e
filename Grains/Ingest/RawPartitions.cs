using System.Globalization;
using OrleansBulk.Storage;

namespace OrleansBulk.Ingest;

/// <summary>The monthly partitions of <c>raw_scraped_profiles</c>: made ahead, dropped whole.</summary>
public sealed class RawPartitions(Database database)
{
    private const string Prefix = "raw_scraped_profiles_";
    private const string Month = "yyyy_MM";
    private readonly System.Collections.Concurrent.ConcurrentDictionary<DateOnly, bool> _made = new();

    private const string OneAtATimeSql = """
        -- name: LockRawPartitions
        SELECT pg_advisory_xact_lock(hashtext('raw_scraped_profiles'))
        """;

    /// <summary>Makes sure that there is a partition for this moment.</summary>
    public async Task EnsureAsync(DateTimeOffset at, CancellationToken cancellationToken)
    {
        var month = MonthOf(at);
        if (_made.ContainsKey(month))
        {
            return;
        }

        if (!(await ListAsync(cancellationToken)).Contains(month))
        {
            await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await connection.Sql(OneAtATimeSql).RunAsync(cancellationToken); // two silos may come at once
            await connection.Sql($"CREATE TABLE IF NOT EXISTS {NameOf(month)} PARTITION OF raw_scraped_profiles FOR VALUES FROM ('{Start(month)}') TO ('{Start(month.AddMonths(1))}')").RunAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        _made.TryAdd(month, true);
    }

    private const string ListSql = """
        -- name: ListRawPartitions
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'raw_scraped_profiles'::regclass ORDER BY c.relname
        """;

    /// <summary>The months for which there are partitions, oldest first. Partitions of other names are somebody else's and left alone.</summary>
    public async Task<IReadOnlyList<DateOnly>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var names = await connection.Sql(ListSql).ListAsync(row => row.GetString(0), cancellationToken);
        return [.. names.Select(MonthOf).OfType<DateOnly>()];
    }

    /// <summary>Drops the partition of this month, rows and all.</summary>
    public async Task DropAsync(DateOnly month, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await connection.Sql($"DROP TABLE IF EXISTS {NameOf(month)}").RunAsync(cancellationToken);
        _made.TryRemove(month, out _);
    }

    public static DateOnly MonthOf(DateTimeOffset at) => new(at.UtcDateTime.Year, at.UtcDateTime.Month, 1);

    private static DateOnly? MonthOf(string partition) =>
        partition.StartsWith(Prefix, StringComparison.Ordinal) && DateOnly.TryParseExact(partition[Prefix.Length..], Month, CultureInfo.InvariantCulture, DateTimeStyles.None, out var month) ? month : null;

    private static string NameOf(DateOnly month) => Prefix + month.ToString(Month, CultureInfo.InvariantCulture);

    private static string Start(DateOnly month) => month.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) + " 00:00:00+00";
}
