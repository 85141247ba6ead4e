using System.Diagnostics;

namespace OrleansBulk.Benchmarks.Support;

/// <summary>Several runs of one thing: how long they took and who used the processors meanwhile.</summary>
internal sealed class Timed(string name)
{
    private readonly List<(double Seconds, ProcessorShares Used)> _runs = [];

    public string Name { get; } = name;

    /// <summary>The median of all runs; they are few, so one that was disturbed does not decide.</summary>
    public double Seconds => Of(run => run.Seconds);

    /// <summary>The run that was disturbed least.</summary>
    public double Best => _runs.Min(run => run.Seconds);

    /// <summary>Seconds of processor that the benchmark's own process used.</summary>
    public double Self => Of(run => run.Used.Self);

    public double Postgres => Of(run => run.Used.Postgres);

    /// <summary>All that belongs to the benchmark: this process, PostgreSQL, service, simulator, peers.</summary>
    public double Ours => Of(run => run.Used.Self + run.Used.Postgres + run.Used.Children);

    /// <summary>The share of the processors that programs took which have nothing to do with this, 0 to 1.</summary>
    public double Others => Of(run => run.Used.Others);

    public IEnumerable<double> All => _runs.Select(run => run.Seconds);

    /// <summary>Runs once more.</summary>
    /// <param name="run">Answers how long it took, when it knows better than a clock around it.</param>
    public async Task RunAsync(BenchDatabase database, Func<Task<TimeSpan>> run)
    {
        await database.SettleAsync();
        var processors = await Processors.WatchAsync(database);
        var seconds = (await run()).TotalSeconds;
        _runs.Add((seconds, processors.Shares()));
    }

    /// <summary>As a <paramref name="run"/>, timed from outside.</summary>
    public static async Task<TimeSpan> ClockAsync(Func<Task> run)
    {
        var started = Stopwatch.GetTimestamp();
        await run();
        return Stopwatch.GetElapsedTime(started);
    }

    private double Of(Func<(double Seconds, ProcessorShares Used), double> figure) => Median.Of(_runs.Select(figure));
}
