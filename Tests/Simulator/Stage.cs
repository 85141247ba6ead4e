using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using OrleansBulk.Simulator;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Tests.Simulator;

/// <summary>An answer, read whole.</summary>
internal sealed record Answer(int Status, string Body, string? ContentType, HttpResponseHeaders Headers)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string? Header(string name) => Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;
}

/// <summary>A running simulator and a client of it that sends nothing by itself: no User-Agent, no redirects, no cookies.</summary>
internal sealed class Stage : IAsyncDisposable
{
    public const string Browser = "Mozilla/5.0 (X11; Linux x86_64)";

    private Stage(RunningSimulator simulator)
    {
        Simulator = simulator;
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = simulator.Address };
    }

    public RunningSimulator Simulator { get; }

    public HttpClient Http { get; }

    public ProfileWorld World => Simulator.World;

    /// <summary>No latency, no limit, no quota anywhere; <paramref name="change"/> is put over that.</summary>
    public static async Task<Stage> StartAsync(string change = "{}", TimeProvider? clock = null)
    {
        var quiet = Platforms.All.Select(key => Upstream(key, """ "latency":null,"limit":null,"concurrency":null,"quota":null """));
        var simulator = await RunningSimulator.StartAsync(clock: clock);
        foreach (var rules in quiet) simulator.Change(rules);
        simulator.Change(change);
        return new Stage(simulator);
    }

    /// <summary>A change of one upstream's part of the scenario, from the JSON members of that part.</summary>
    public static string Upstream(string key, string members) => "{\"upstreams\":{\"" + key + "\":{" + members + "}}}";

    public Task<Answer> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(Request(HttpMethod.Get, path, null, headers));

    public Task<Answer> PostJsonAsync(string path, object body, params (string Name, string Value)[] headers) =>
        SendAsync(Request(HttpMethod.Post, path, JsonContent.Create(body), headers));

    public Task<Answer> PostFormAsync(string path, string form) =>
        SendAsync(Request(HttpMethod.Post, path, new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded"), []));

    public async Task<Answer> SendAsync(HttpRequestMessage request, CancellationToken cancellation = default)
    {
        using (request)
        using (var response = await Http.SendAsync(request, cancellation))
        {
            return new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellation), response.Content.Headers.ContentType?.MediaType, response.Headers);
        }
    }

    public static HttpRequestMessage Request(HttpMethod method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, path) { Content = content };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Simulator.DisposeAsync();
    }
}
