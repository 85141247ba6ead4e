using System.Text.Json;
using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Ingest;

/// <summary>Takes in bodies of scraped profiles: opens a <see cref="StagedIngest"/> for each, and keeps few of them on the database at once.</summary>
public sealed class IngestIntake(Database database, JobIntake jobs, RawPartitions partitions, IngestOptions options, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _receivers = new(options.Receivers);

    /// <summary>Begins to receive a body. Nothing is kept unless <see cref="StagedIngest.AcceptAsync"/> ends well; dispose it in any case.</summary>
    /// <param name="idempotencyKey">The same key again, with the same rows, gets the ingest of the first time; null: each body is an ingest of its own.</param>
    public StagedIngest Receive(string? idempotencyKey = null) => new(this, idempotencyKey);

    /// <summary>A place among those who receive.</summary>
    /// <exception cref="IngestBusyException">None came free in time.</exception>
    internal async Task<IDisposable> EnterAsync(CancellationToken cancellationToken) =>
        await _receivers.WaitAsync(options.ReceiveWait, cancellationToken) ? new Place(_receivers) : throw new IngestBusyException(options.ReceiveWait);

    internal async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) => await database.Bulk.OpenConnectionAsync(cancellationToken);

    internal async Task<DateTimeOffset> StampAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await partitions.EnsureAsync(now, cancellationToken); // made ahead by then, unless the service has just started or slept for months
        return now;
    }

    internal Task BeginAsync(Guid id, string createdBy) => jobs.BeginAsync(id, ProfileIngest.WorkloadName, createdBy);

    public void Dispose() => _receivers.Dispose();

    private sealed class Place(SemaphoreSlim receivers) : IDisposable
    {
        public void Dispose() => receivers.Release();
    }
}

/// <summary>An ingest's spec: what was received. The rows themselves are staged.</summary>
/// <param name="Format">json, ndjson or csv.</param>
/// <param name="Source">What the sender calls it, a file name say; null when it has no name.</param>
public sealed record IngestSpec(long Rows, long Rejected, string Format, string? Source)
{
    public static IngestSpec Parse(string spec) => JsonSerializer.Deserialize<IngestSpec>(spec, JsonSerializerOptions.Web)!;

    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);
}

/// <summary>All places among the receivers stayed taken for too long.</summary>
public sealed class IngestBusyException(TimeSpan waited) : Exception($"Other large bodies are being received; this one waited {waited.TotalSeconds:0} s in vain. Nothing of it was kept.");
