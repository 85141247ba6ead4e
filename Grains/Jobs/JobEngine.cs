using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

/// <summary>What every pump of this silo shares.</summary>
public sealed class JobEngine
{
    private readonly Dictionary<string, IWorkloadKind> _workloads;
    private int _mergesAhead;

    public JobEngine(Database database, IEnumerable<IWorkload> workloads, IEnumerable<IMergeWorkload> merges, JobOptions options, SiloIdentity silo, TimeProvider time, ILoggerFactory loggers, JobMetrics metrics, ForegroundGuard foreground, BackgroundPace background)
    {
        options.Validate();
        Database = database;
        Options = options;
        Silo = silo;
        Time = time;
        Log = loggers.CreateLogger("OrleansBulk.Jobs.JobRun");
        Metrics = metrics;
        Foreground = foreground;
        Background = background;
        _workloads = workloads.Concat<IWorkloadKind>(merges).ToDictionary(workload => workload.Name, StringComparer.Ordinal);
    }

    public Database Database { get; }

    public JobOptions Options { get; }

    public SiloIdentity Silo { get; }

    public TimeProvider Time { get; }

    public JobMetrics Metrics { get; }

    /// <summary>What bounds a job while <see cref="Foreground"/> holds it back.</summary>
    internal const string PeopleFirst = "the requests of people, which are slow and go first";

    public ForegroundGuard Foreground { get; }

    /// <summary>What bounds a job while <see cref="Background"/> holds it back.</summary>
    internal const string PeopleAreHere = "people at work, beside whom it goes slowly";

    public BackgroundPace Background { get; }

    internal ILogger Log { get; }

    /// <summary>The names of all workloads, in order.</summary>
    public IReadOnlyList<string> Workloads => [.. _workloads.Keys.Order(StringComparer.Ordinal)];

    public IWorkloadKind? Find(string name) => _workloads.GetValueOrDefault(name);

    /// <summary>
    /// The silo's one place for a job to write ahead of its merge under way, which takes a second connection of the bulk lane; null while another job has it. Dispose it to
    /// give it back.
    /// </summary>
    internal IDisposable? TryMergeAhead() => Interlocked.CompareExchange(ref _mergesAhead, 1, 0) == 0 ? new AheadPlace(this) : null;

    private sealed class AheadPlace(JobEngine engine) : IDisposable
    {
        public void Dispose() => Volatile.Write(ref engine._mergesAhead, 0);
    }
}
