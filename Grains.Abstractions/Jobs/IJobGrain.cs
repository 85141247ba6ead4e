namespace OrleansBulk.Jobs;

/// <summary>
/// Owns one job: key <c>job/{id}</c>. It runs the pump, takes the operator's commands one after the other and tells watchers what happens.
/// Calls are at-least-once; every one of them may be repeated.
/// </summary>
[Alias("OrleansBulk.IJobGrain")]
public interface IJobGrain : IGrainWithStringKey
{
    /// <summary>Makes sure that an active job has a pump: takes it over (raising the epoch) when this activation has none.</summary>
    [Alias("Wake")]
    Task WakeAsync();

    /// <summary>Stops claiming at once; what is in flight goes on to its end and is committed.</summary>
    [Alias("Pause")]
    Task<CommandReply> PauseAsync();

    /// <summary>Goes on with what is pending: a paused job, or a failed one whose cause is gone.</summary>
    [Alias("Resume")]
    Task<CommandReply> ResumeAsync();

    /// <summary>Stops the job; everything still pending becomes cancelled.</summary>
    [Alias("Cancel")]
    Task<CommandReply> CancelAsync();

    /// <summary>Makes failed items pending again, all of them or those of one cause, and goes on.</summary>
    [Alias("RetryFailed")]
    Task<CommandReply> RetryFailedAsync(RetryFailed command);

    /// <summary>The newest snapshot.</summary>
    /// <exception cref="JobNotFoundException">There is no such job.</exception>
    [Alias("Progress"), AlwaysInterleave]
    Task<JobProgress> GetProgressAsync();

    /// <summary>
    /// The newest snapshot at once, then newer ones as they come (at most ten a second), and <see cref="JobEnded"/> at last.
    /// May end early when the silo stops: watch again.
    /// </summary>
    [Alias("Watch"), AlwaysInterleave]
    IAsyncEnumerable<JobEvent> WatchAsync(CancellationToken cancellationToken);
}

/// <summary>Make failed items pending again. <see cref="Cause"/> null means all.</summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.RetryFailed")]
public sealed record RetryFailed([property: Id(0)] string? Cause);

/// <summary>What became of a command. Closed: <see cref="CommandTaken"/>, <see cref="CommandForbidden"/>, <see cref="JobUnknown"/>.</summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.CommandReply")]
public abstract record CommandReply;

/// <summary>Done, with how many items it touched (0 where that has no meaning).</summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.CommandTaken")]
public sealed record CommandTaken([property: Id(0)] JobStatus Status, [property: Id(1)] long Items) : CommandReply;

/// <summary>The job's state forbids the command; nothing happened.</summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.CommandForbidden")]
public sealed record CommandForbidden([property: Id(0)] JobStatus Status, [property: Id(1)] string Reason) : CommandReply;

[GenerateSerializer, Immutable, Alias("OrleansBulk.JobUnknown")]
public sealed record JobUnknown : CommandReply;

/// <summary>No job has this id.</summary>
[GenerateSerializer, Alias("OrleansBulk.JobNotFoundException")]
public sealed class JobNotFoundException : Exception
{
    public JobNotFoundException(string message)
        : base(message)
    {
    }

    public static JobNotFoundException For(Guid id) => new($"There is no job {id}. It may have been deleted, or the id belongs to another installation.");
}

public static class JobKeys
{
    /// <summary>The grain key of a job. The prefix keeps ADO.NET storage from reading a bare UUID as a number.</summary>
    public static string GrainKey(Guid id) => $"job/{id:D}";

    public static Guid JobId(string grainKey) => Guid.Parse(grainKey.AsSpan("job/".Length));

    public static IJobGrain Job(this IGrainFactory grains, Guid id) => grains.GetGrain<IJobGrain>(GrainKey(id));
}
