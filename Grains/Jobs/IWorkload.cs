using System.Text.Json;
using Npgsql;

namespace OrleansBulk.Jobs;

/// <summary>A kind of bulk work that does its items one by one: the seam between the engine and what is done for an item.</summary>
public interface IWorkload : IWorkloadKind
{
    bool IWorkloadKind.CanRetry => true;

    /// <summary>
    /// Nobody waits for it: while people are there it goes at the pace of <see cref="BackgroundPace"/>. The engine keeps that for what it stores; the workload takes turns
    /// for its own statements.
    /// </summary>
    bool IsBackground => false;

    /// <summary>How many items the plan will bring, when that can be known cheaply; else null.</summary>
    Task<long?> ExpectAsync(Guid jobId, string spec, CancellationToken cancellationToken);

    /// <summary>
    /// The job's items in an order that is the same each time, from behind a cursor on: after a crash the plan goes on where the stored chunks end.
    /// Reads page by page: a plan that held a connection while it yields could starve the transaction that stores what it yielded.
    /// </summary>
    IAsyncEnumerable<PlannedItem> PlanAsync(Guid jobId, string spec, string? after, CancellationToken cancellationToken);

    /// <summary>Begins to work on a job; the object lives as long as the pump of one epoch.</summary>
    IWorkloadRun Start(JobTicket job);
}

/// <summary>
/// A workload at work on one job. Its members may be called concurrently, except that <see cref="WriteAsync"/> is called by one commit at a time.
/// <para>
/// One that does anything beside the calls of its members (calls shared by items, something begun ahead) is <see cref="IAsyncDisposable"/>: however the pump ends, it is
/// disposed once, after the last call of any other member has returned or was given up, and the pump's end is announced when that is done. No call of it may go out
/// afterwards. It is waited for as long as <see cref="JobOptions.Patience"/> says; the job may have another owner by then, so it writes nothing that no commit fences.
/// </para>
/// </summary>
public interface IWorkloadRun
{
    /// <summary>Items of one lane share an upstream; a slow lane does not hold up the others.</summary>
    string LaneOf(Item item);

    /// <summary>How much a lane can take now, and what bounds it.</summary>
    LaneRoom RoomOf(string lane);

    /// <summary>What it is busy with now, in words (<c>Internal Medicine (2 of 8)</c>), where items differ in more than their key; else null.</summary>
    string? Doing => null;

    /// <summary>
    /// Looks at all items of a chunk at once before they run (one query, not one per item) and may settle some: fresh, unknown, duplicate.
    /// Answers one outcome per item of <see cref="Chunk.Items"/>, null where the item has to run.
    /// </summary>
    Task<IReadOnlyList<ItemOutcome?>> PrepareAsync(Chunk chunk, CancellationToken cancellationToken);

    /// <summary>Does one item. Answers within half a minute or so: what must wait longer is <see cref="ItemDeferred"/>.</summary>
    Task<ItemOutcome> RunAsync(Item item, CancellationToken cancellationToken);

    /// <summary>Writes results inside the commit's transaction, which is run again when the connection breaks: idempotent as SQL, no other effect.</summary>
    Task WriteAsync(NpgsqlConnection connection, IReadOnlyList<ItemResult> results, CancellationToken cancellationToken);

    /// <summary>The pump forgets an item that it had prepared; it may come again, in a chunk that is prepared anew. What is held for it can go. Called by the pump's loop: it must be quick.</summary>
    void PutBack(Item item)
    {
    }

    /// <summary>What <see cref="WriteAsync"/> wrote is committed, with the outcomes.</summary>
    void Committed(IReadOnlyList<ItemResult> results)
    {
    }
}

/// <param name="ItemsPerCall">Items that one call of the lane serves; concurrency counts calls.</param>
/// <param name="Calls">Calls that may be out or next in line at once.</param>
/// <param name="BoundBy">What holds the lane back now; null when nothing does.</param>
/// <param name="ItemsPerSecond">What the lane's limits allow at most; null when no limit is known.</param>
/// <param name="InLine">
/// Items beyond the job's calls at once that may wait where the lane holds the job to them, so that a call that ends makes room for the next one there and then;
/// for lanes of one item a call.
/// </param>
public readonly record struct LaneRoom(int ItemsPerCall, int Calls, string? BoundBy, double? ItemsPerSecond, int InLine = 0);

/// <summary>What a workload knows of the job it works on, and what it may do to it while an item runs.</summary>
/// <param name="Concurrency">Calls at once at most, over all lanes.</param>
public sealed record JobTicket(Guid Id, string Spec, JobMode Mode, int Concurrency)
{
    /// <summary>Under which the pump owns the job: what a workload writes by itself, outside of its commits, is fenced by it.</summary>
    public long Epoch { get; init; }

    /// <summary>
    /// Commits a part of an item's result while the item runs, and returns when it is committed. Throws <see cref="OperationCanceledException"/> when the pump has come to
    /// its end before: then nothing of it may be told to anybody.
    /// </summary>
    public Func<Item, ItemAdvanced, CancellationToken, Task> AdvanceAsync { get; init; } = (_, _, _) => throw new InvalidOperationException("This job has no pump.");

    /// <summary>Tells those who watch the job something that only this workload knows of. Lost on a watcher who is too slow: what must not be lost is in the database.</summary>
    public Action<JobNews> Tell { get; init; } = _ => { };

    /// <summary>Whether anybody watches: news that nobody hears need not be made.</summary>
    public Func<bool> IsWatched { get; init; } = () => false;
}

public enum JobMode
{
    /// <summary>Up to 100 calls at once.</summary>
    HighPerformance,

    /// <summary>Up to 10 calls at once.</summary>
    Standard,
}

public static class JobModeExtensions
{
    public static string Wire(this JobMode mode) => mode == JobMode.HighPerformance ? "high-performance" : "standard";

    public static JobMode? Parse(string? wire) => wire switch
    {
        "high-performance" => JobMode.HighPerformance,
        "standard" => JobMode.Standard,
        _ => null,
    };

    public static int Concurrency(this JobMode mode) => mode == JobMode.HighPerformance ? 100 : 10;
}

/// <summary>Whether a spec is good. Closed: <see cref="SpecAccepted"/>, <see cref="SpecRejected"/>.</summary>
public abstract record SpecCheck;

/// <param name="Spec">The spec in the form that is stored: JSON, small.</param>
/// <param name="Inputs">What the job was given item by item, in order; stored beside the spec. Null when the items follow from the spec.</param>
public sealed record SpecAccepted(string Spec, IReadOnlyList<JobInput>? Inputs = null) : SpecCheck;

/// <param name="Duplicate">The same value stands further up in the list.</param>
public readonly record struct JobInput(string Value, bool Duplicate);

/// <param name="Problem">A sentence that says what is wrong and what to do.</param>
public sealed record SpecRejected(string Problem) : SpecCheck;

/// <summary>What a job would do.</summary>
/// <param name="Items">Items the job would have.</param>
/// <param name="Duplicates">Among them: named more than once.</param>
/// <param name="Unknown">Among them: of which nothing is known, so that they would fail.</param>
/// <param name="CacheHits">Among them: fresh already, so that they would be skipped.</param>
/// <param name="Calls">Calls to upstreams, by upstream.</param>
/// <param name="Seconds">How long it would take; null when no call would be made or nothing bounds it.</param>
/// <param name="BoundBy">What would bound it.</param>
public sealed record JobForecast(
    long Items, long Duplicates, long Unknown, long CacheHits, IReadOnlyDictionary<string, long> Calls, EtaRange? Seconds, string? BoundBy, decimal Cost = 0);
