using OrleansBulk.Simulator;
using OrleansBulk.Simulator.Sheets;
using OrleansBulk.Tabs;
using OrleansBulk.Tests.Upstreams;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Tabs;

/// <summary>The destination as a silo has it, over real HTTP against the simulator.</summary>
internal sealed class SheetsHarness : IAsyncDisposable
{
    /// <summary>For tests in which calls go unanswered.</summary>
    public static readonly Func<UpstreamOptions, UpstreamOptions> Impatient = options => options with { Timeout = TimeSpan.FromSeconds(1) };

    private readonly string _folder = TabSamples.Folder();
    private readonly UpstreamGates _gates;

    private SheetsHarness(RunningSimulator simulator, TimeProvider clock, Func<UpstreamOptions, UpstreamOptions> configure)
    {
        Simulator = simulator;
        KeyFile = Path.Combine(_folder, "key.json");
        File.WriteAllText(KeyFile, simulator.Sheets.KeyFile);
        _gates = UpstreamTests.Gates(clock, configure(Options(SheetsDestination.Writes)), configure(Options(SheetsDestination.Reads)));
        Destination = Other();

        UpstreamOptions Options(string name) => new()
        {
            Name = name,
            BaseUrl = new Uri(simulator.Url("sheets")),
            SecondUrl = new Uri(simulator.Url("google-oauth")),
            Concurrency = 4,
            Timeout = TimeSpan.FromSeconds(20),
            RetryDelay = TimeSpan.FromMilliseconds(5),
            MaxRetryDelay = TimeSpan.FromMilliseconds(20),
            BreakerFailures = 1000,
        };
    }

    public RunningSimulator Simulator { get; }

    public Workbook Workbook => Simulator.Sheets.Demo;

    public SheetsDestination Destination { get; }

    public string KeyFile { get; }

    public static async Task<SheetsHarness> StartAsync(string members = """ "latency":null,"quota":null """, TimeProvider? clock = null, Func<UpstreamOptions, UpstreamOptions>? configure = null)
    {
        var simulator = await RunningSimulator.StartAsync(Upstream(members), clock);
        return new SheetsHarness(simulator, clock ?? TimeProvider.System, configure ?? (options => options));
    }

    /// <summary>A destination of another silo, which knows nothing yet.</summary>
    public SheetsDestination Other(string? spreadsheet = null, string? keyFile = null) =>
        new(_gates, new SheetsOptions { KeyFile = keyFile ?? KeyFile, SpreadsheetId = spreadsheet ?? SheetsWorld.DemoId });

    public UpstreamClient Client(string upstream) => _gates.Client(upstream);

    public void Change(string members) => Simulator.Change(Upstream(members));

    /// <param name="fault">Its members but for how often: it strikes the next call of this operation.</param>
    public void Fault(string fault, string operation, int calls = 1) => Change($$""" "faults":[{{{fault}},"operation":"{{operation}}","nextCalls":{{calls}}}] """);

    public long Calls(string operation) => Simulator.Journal("sheets").Operations.GetValueOrDefault(operation);

    public async ValueTask DisposeAsync()
    {
        Destination.Dispose();
        await _gates.DisposeAsync();
        await Simulator.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Upstream(string members) => "{\"upstreams\":{\"sheets\":{" + members + "}}}";
}
