using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace OrleansBulk.Benchmarks.Support;

/// <summary>The simulator in a process of its own, so that what it costs is not counted as the service's.</summary>
internal sealed class SimulatorProcess : IAsyncDisposable
{
    /// <summary>GitHub's REST: every call takes 50 ms, and nothing limits them.</summary>
    public const string FiftyMilliseconds = """
        {"upstreams":{"github":{"latency":{"meanMs":50,"spreadMs":0,"distribution":"fixed"},"limit":null,"quota":null,"concurrency":null}}}
        """;

    private readonly ChildProcess _process;
    private readonly HttpClient _http;

    private SimulatorProcess(ChildProcess process, Uri address)
    {
        _process = process;
        Address = address;
        _http = new HttpClient { BaseAddress = address };
    }

    public Uri Address { get; }

    public static async Task<SimulatorProcess> StartAsync(string scenario)
    {
        var address = new Uri($"http://127.0.0.1:{ChildProcess.FreePort()}/");
        var simulator = new SimulatorProcess(new ChildProcess(ChildProcess.Dotnet("OrleansBulk.Simulator.dll", "--urls", address.ToString())), address);
        await simulator._process.UntilAnswersAsync(simulator._http, "healthz");
        using var body = new StringContent(scenario, Encoding.UTF8, "application/json");
        using var response = await simulator._http.PutAsync("__scenario", body);
        response.EnsureSuccessStatusCode();
        return simulator;
    }

    /// <summary>Forgets what it saw.</summary>
    public async Task ForgetAsync() => (await _http.DeleteAsync("__journal")).EnsureSuccessStatusCode();

    /// <summary>What an upstream saw since it forgot.</summary>
    public async Task<JsonElement> JournalAsync(string upstream) =>
        (await _http.GetFromJsonAsync<JsonElement>($"__journal?upstream={upstream}")).GetProperty("upstreams").GetProperty(upstream);

    /// <summary>The calls that ended since it forgot, in that order.</summary>
    public async Task<JsonElement> CallsAsync(string upstream) => (await _http.GetFromJsonAsync<JsonElement>($"__journal/calls?upstream={upstream}&limit=10000")).GetProperty("calls");

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
    }
}
