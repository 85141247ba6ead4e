using System.Text.Json;

namespace OrleansBulk.Jobs;

/// <summary>A kind of bulk work, as far as taking its jobs in needs to know. What works on them is an <see cref="IWorkload"/> or an <see cref="IMergeWorkload"/>.</summary>
public interface IWorkloadKind
{
    /// <summary>The name in the HTTP contract: <c>profile-refresh</c>.</summary>
    string Name { get; }

    /// <summary>Whether a failed item may succeed when it is tried again; false where what fails is wrong in itself.</summary>
    bool CanRetry { get; }

    /// <summary>Checks a spec and brings it into the form that is stored. May ask the database, never an upstream.</summary>
    Task<SpecCheck> CheckAsync(JsonElement spec, CancellationToken cancellationToken);

    /// <summary>What a job with this (checked) spec would do. Writes nothing and calls nobody.</summary>
    Task<JobForecast> ForecastAsync(SpecAccepted spec, JobMode mode, int concurrency, CancellationToken cancellationToken);
}
