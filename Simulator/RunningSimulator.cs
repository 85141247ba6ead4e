using System.Collections.Frozen;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Journals;
using OrleansBulk.Simulator.Scenarios;
using OrleansBulk.Simulator.Sheets;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator;

/// <summary>
/// A simulator in this process, on a free port of the loopback: real HTTP on the outside, its scenario and journal at hand. For tests
/// and benchmarks.
/// </summary>
public sealed class RunningSimulator : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ScenarioStore _scenarios;
    private readonly Journal _journal;

    private RunningSimulator(WebApplication app)
    {
        _app = app;
        _scenarios = app.Services.GetRequiredService<ScenarioStore>();
        _journal = app.Services.GetRequiredService<Journal>();
        Address = new Uri(app.Urls.Single());
    }

    /// <summary>Root of all upstreams: <c>http://127.0.0.1:PORT/</c>.</summary>
    public Uri Address { get; }

    /// <summary>The scenario in force.</summary>
    public Scenario Scenario => _scenarios.Current.Scenario;

    /// <summary>The data that is being served.</summary>
    public ProfileWorld World => _scenarios.Current.World;

    /// <summary>The spreadsheets, and the key of the service account that may write them.</summary>
    public SheetsWorld Sheets => _app.Services.GetRequiredService<SheetsWorld>();

    /// <param name="scenario">A JSON document put over the defaults.</param>
    /// <param name="clock">Another clock than the system's: latencies, limits, quotas and time spans go by it.</param>
    public static async Task<RunningSimulator> StartAsync(string scenario = "{}", TimeProvider? clock = null, CancellationToken cancellation = default)
    {
        var app = SimulatorApp.Build(["--urls", "http://127.0.0.1:0"], clock ?? TimeProvider.System);
        app.Services.GetRequiredService<ScenarioStore>().Replace(scenario);
        await app.StartAsync(cancellation);
        return new RunningSimulator(app);
    }

    /// <summary>The base URL that stands for a real host: <c>codeforces</c>, <c>atcoder-problems</c>, …; without a slash at its end.</summary>
    public string Url(string host) => new Uri(Address, host).ToString().TrimEnd('/');

    /// <summary>Puts a JSON document over the scenario in force, as PATCH does.</summary>
    public Scenario Change(string document) => _scenarios.Change(document);

    /// <summary>Puts a JSON document over the defaults and starts all counts anew, as PUT does.</summary>
    public Scenario Replace(string document) => _scenarios.Replace(document);

    /// <summary>
    /// Lets the answers to all calls that come to an upstream from now on wait, their latency over, until what this returns is disposed. To let one call go and hold the next: hold anew before the first
    /// hold is disposed.
    /// </summary>
    public IDisposable Hold(string upstream) => _app.Services.GetRequiredService<FrozenDictionary<string, UpstreamDesk>>()[upstream].Hold();

    /// <param name="repeated">How many repeated keys to list at most.</param>
    public UpstreamReport Journal(string upstream, int repeated = 100) => _journal.Report(upstream, repeated).Upstreams[upstream];

    /// <summary>Recent calls that ended, oldest first.</summary>
    public JournalCalls Calls(long after = 0, int limit = 1000, string? upstream = null) => _journal.Recent.After(after, limit, upstream);

    /// <summary>Everything that was asked for since the last reset, in lower case; from all operations of this name.</summary>
    public IReadOnlyList<string> Asked(string upstream, string operation) => _journal.Asked(upstream, operation);

    public void ResetJournal() => _journal.Reset();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
