using System.Text.Json;
using Npgsql;
using OrleansBulk.Ingest;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Leads;

/// <summary>The workload <c>lead-save</c>: one item is one provider. It becomes a lead, or is skipped because it is one; unknown and deactivated ones have failed.</summary>
public sealed class LeadSave(Database database) : IMergeWorkload
{
    public const string WorkloadName = "lead-save";
    public const string KnownReason = "it is a lead already";
    public const string UnknownCause = "unknown provider";
    public const string DeactivatedCause = "deactivated provider";

    private const string Model = "lead_staging";

    public string Name => WorkloadName;

    /// <summary>25,000 leads a transaction: about a second.</summary>
    public int ChunksPerMerge => 50;

    public Task<SpecCheck> CheckAsync(JsonElement spec, CancellationToken cancellationToken) =>
        Task.FromResult<SpecCheck>(new SpecRejected("Saving leads starts with the providers: send them, or a filter, to POST /api/providers/save-all."));

    public Task<JobForecast> ForecastAsync(SpecAccepted spec, JobMode mode, int concurrency, CancellationToken cancellationToken) =>
        throw new NotSupportedException("No spec of a save is accepted, so there is none to forecast.");

    /// <summary>Nothing: of a provider that is named twice the first one counts, so each merge waits for the one before.</summary>
    public Task WriteAheadAsync(NpgsqlConnection connection, MergeTicket job, MergeRange range, CancellationToken cancellationToken) => Task.CompletedTask;

    private const string SpecSql = """
        -- name: ReadLeadSaveSpec
        SELECT spec::text FROM jobs WHERE id = $1
        """;

    private const string SaveSql = $"""
        -- name: MergeLeads
        WITH wanted AS MATERIALIZED (
            SELECT ord, npi FROM lead_staging WHERE ord >= $4 AND ord < $5
        ), {LeadSql.Add}
        SELECT min(w.ord) - $4 FROM wanted w JOIN added a ON a.npi = w.npi GROUP BY w.npi
        """;

    private const string RefusedSql = """
        -- name: FindProvidersNotSaved
        SELECT s.ord, s.npi, p.npi IS NULL FROM lead_staging s LEFT JOIN providers p ON p.npi = s.npi
        WHERE s.ord >= $1 AND s.ord < $2 AND (p.npi IS NULL OR p.status <> 'active' AND NOT EXISTS (SELECT FROM leads l WHERE l.npi = s.npi)) ORDER BY s.ord
        """;

    public async Task<MergeOutcome> MergeAsync(NpgsqlConnection connection, MergeTicket job, MergeRange range, CancellationToken cancellationToken)
    {
        var (from, to) = ((int)range.First, (int)range.First + range.Items);
        var spec = JsonSerializer.Deserialize<LeadSaveSpec>((await connection.Sql(SpecSql).With(job.Id).FirstAsync(row => row.GetString(0), cancellationToken))!, JsonSerializerOptions.Web)!;
        var added = await connection.Sql(For(SaveSql, job.Id)).With(job.CreatedAt).WithText(spec.Owner).With(spec.Who).With(from).With(to).ListAsync(row => row.GetInt32(0), cancellationToken);
        var failures = await connection.Sql(For(RefusedSql, job.Id)).With(from).With(to).ListAsync(Refused, cancellationToken);
        var letters = new char[range.Items];
        Array.Fill(letters, OutcomeLetter.Skipped);
        added.ForEach(place => letters[place] = OutcomeLetter.Succeeded);
        failures.ForEach(failure => letters[failure.Ordinal - range.First] = OutcomeLetter.Failed);
        return new MergeOutcome(letters, failures, KnownReason);
    }

    public async Task ForgetAsync(Guid jobId, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await connection.Sql($"DROP TABLE IF EXISTS {StagingTable.Of(jobId)}").RunAsync(cancellationToken);
    }

    private static MergeFailure Refused(NpgsqlDataReader row) => row.GetBoolean(2)
        ? new MergeFailure(row.GetInt32(0), row.GetInt64(1).ToString(), UnknownCause, "No provider with this NPI is stored.")
        : new MergeFailure(row.GetInt32(0), row.GetInt64(1).ToString(), DeactivatedCause, "The provider is deactivated.");

    private static string For(string sql, Guid jobId) => sql.Replace(Model, StagingTable.Of(jobId), StringComparison.Ordinal);
}
