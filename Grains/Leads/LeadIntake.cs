using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Ingest;
using OrleansBulk.Jobs;
using OrleansBulk.Providers;
using OrleansBulk.Storage;

namespace OrleansBulk.Leads;

/// <summary>Makes leads of providers: a few at once, many as a job. Each provider is at most one lead, whoever saves it and how often.</summary>
public sealed class LeadIntake(Database database, ProviderStore providers, JobIntake jobs, TimeProvider time)
{
    /// <summary>More than these are saved by a job.</summary>
    public const int MostAtOnce = 5000;

    private const string SaveSql = $"""
        -- name: SaveLeads
        WITH wanted AS MATERIALIZED (
            SELECT DISTINCT npi FROM unnest($4::bigint[]) AS npi
        ), {LeadSql.Add}
        SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM wanted JOIN providers p USING (npi) WHERE p.status = 'active'),
            (SELECT count(*) FROM wanted JOIN providers p USING (npi) WHERE p.status <> 'active'), (SELECT count(*) FROM wanted)
        """;

    /// <summary>Makes leads of these providers. Large lists become a job.</summary>
    /// <param name="who">Who saves them.</param>
    public async Task<LeadsReply> SaveAsync(IReadOnlyCollection<long> npis, string? owner, string who, CancellationToken cancellationToken)
    {
        if (npis.Count > MostAtOnce)
        {
            return await StageAsync(new LeadSaveSpec(null, owner, who), who, (connection, id) => CopyAsync(connection, id, npis, cancellationToken), cancellationToken);
        }

        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return (await connection.Sql(SaveSql).With(time.GetUtcNow()).WithText(owner).With(who).With(npis.ToArray()).FirstAsync(
            row => new LeadsSaved(row.GetInt64(0), row.GetInt64(1) - row.GetInt64(0), row.GetInt64(2), row.GetInt64(3) - row.GetInt64(1) - row.GetInt64(2)), cancellationToken))!;
    }

    /// <summary>Makes leads of the active providers of a list.</summary>
    public async Task<LeadsReply> SaveAsync(ProviderFilter filter, string? owner, string who, CancellationToken cancellationToken)
    {
        filter = filter with { Status = filter.Status ?? ProviderFilter.Active };
        var inside = await providers.SearchesInsideAsync(cancellationToken);
        await using (var connection = await database.Bulk.OpenConnectionAsync(cancellationToken))
        {
            var some = connection.Sql($"-- name: FindProvidersToSave\nSELECT p.npi FROM providers p WHERE true{filter.Conditions(2, inside)} LIMIT $1").With(MostAtOnce + 1);
            var npis = await filter.AddTo(some, inside).ListAsync(row => row.GetInt64(0), cancellationToken);
            if (npis.Count <= MostAtOnce)
            {
                await connection.CloseAsync();
                return await SaveAsync(npis, owner, who, cancellationToken);
            }
        }

        return await StageAsync(new LeadSaveSpec(filter, owner, who), who, (connection, id) => SelectAsync(connection, id, filter, inside, cancellationToken), cancellationToken);
    }

    private async Task<LeadsReply> StageAsync(LeadSaveSpec spec, string who, Func<NpgsqlConnection, Guid, Task<long>> fill, CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7(time.GetUtcNow());
        await using (var connection = await database.Bulk.OpenConnectionAsync(cancellationToken))
        await using (var transaction = await connection.BeginTransactionAsync(cancellationToken))
        {
            await connection.Sql($"CREATE TABLE {StagingTable.Of(id)} (LIKE lead_staging) WITH (autovacuum_enabled = false)").RunAsync(cancellationToken);
            var items = await fill(connection, id);
            await connection.Sql($"CREATE INDEX ON {StagingTable.Of(id)} USING brin (ord) WITH (pages_per_range = 32)").RunAsync(cancellationToken);
            var job = new StagedJob(id, LeadSave.WorkloadName, JsonSerializer.Serialize(spec, JsonSerializerOptions.Web), items, null, "staged", who, time.GetUtcNow());
            await JobStore.AcceptStagedAsync(connection, job, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        await jobs.BeginAsync(id, LeadSave.WorkloadName, who);
        return new LeadsStarted(id);
    }

    private static async Task<long> CopyAsync(NpgsqlConnection connection, Guid id, IReadOnlyCollection<long> npis, CancellationToken cancellationToken)
    {
        await using var copy = await connection.BeginBinaryImportAsync($"COPY {StagingTable.Of(id)} (ord, npi) FROM STDIN (FORMAT BINARY)", cancellationToken);
        var ord = 0;
        foreach (var npi in npis)
        {
            await copy.StartRowAsync(cancellationToken);
            await copy.WriteAsync(ord++, NpgsqlDbType.Integer, cancellationToken);
            await copy.WriteAsync(npi, NpgsqlDbType.Bigint, cancellationToken);
        }

        await copy.CompleteAsync(cancellationToken);
        return ord;
    }

    private static async Task<long> SelectAsync(NpgsqlConnection connection, Guid id, ProviderFilter filter, bool inside, CancellationToken cancellationToken)
    {
        var select = connection.Sql($"INSERT INTO {StagingTable.Of(id)} (ord, npi) SELECT row_number() OVER (ORDER BY p.npi) - 1, p.npi FROM providers p WHERE true{filter.Conditions(1, inside)}");
        return await filter.AddTo(select, inside).RunAsync(cancellationToken);
    }
}

/// <summary>What a large save was asked for. The providers themselves are staged.</summary>
/// <param name="Filter">Null: they were named one by one.</param>
public sealed record LeadSaveSpec(ProviderFilter? Filter, string? Owner, string Who);

/// <summary>What became of a request to save leads. Closed: <see cref="LeadsSaved"/>, <see cref="LeadsStarted"/>.</summary>
public abstract record LeadsReply;

/// <param name="Skipped">They were leads already.</param>
/// <param name="Deactivated">Providers that are deactivated become no leads.</param>
/// <param name="Unknown">No provider with this NPI is stored.</param>
public sealed record LeadsSaved(long Created, long Skipped, long Deactivated, long Unknown) : LeadsReply;

/// <summary>So many that a job saves them.</summary>
public sealed record LeadsStarted(Guid JobId) : LeadsReply;
