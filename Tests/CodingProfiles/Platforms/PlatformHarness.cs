using OrleansBulk.CodingProfiles;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Upstreams;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.CodingProfiles.Platforms;

/// <summary>One platform's adapter as a silo has it, over real HTTP against a scripted upstream, on a clock that stands still.</summary>
internal sealed class PlatformHarness : IAsyncDisposable
{
    private readonly UpstreamGates _gates;
    private readonly CodingPlatforms _platforms;

    private PlatformHarness(string name, ScriptedUpstream upstream, Func<UpstreamOptions, UpstreamOptions> configure)
    {
        Name = name;
        Upstream = upstream;
        _gates = UpstreamTests.Gates(Time, configure(new UpstreamOptions
        {
            Name = name,
            BaseUrl = new Uri(upstream.Url, "/base"),
            SecondUrl = new Uri(upstream.Url, "/second"),
            Attempts = 1,
            BreakerFailures = 1000,
        }));
        _platforms = new CodingPlatforms(_gates);
        Platform = _platforms.Find(name) ?? throw new InvalidOperationException($"There is no platform '{name}'.");
    }

    public string Name { get; }

    public ManualTime Time { get; } = new();

    public ScriptedUpstream Upstream { get; }

    public ICodingPlatform Platform { get; }

    public GateView Gate => _gates.Look(Name);

    public static async Task<PlatformHarness> StartAsync(string name, Func<UpstreamOptions, UpstreamOptions>? configure = null) =>
        new(name, await ScriptedUpstream.StartAsync(), configure ?? (options => options));

    public Task<CallResult> FetchAsync(string handle, string? etag = null, double waitSeconds = 10, int attemptsSpent = 0) =>
        Platform.FetchAsync(handle, etag, UpstreamTests.Budget(waitSeconds, attemptsSpent), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));

    /// <summary>Fetches one that is there.</summary>
    public async Task<ProfileSnapshot> ProfileAsync(string handle) => Profile(await FetchAsync(handle));

    /// <summary>Asks for all at once; with a batch of that size they share a call that lingers for nobody.</summary>
    public async Task<CallResult[]> FetchAllAsync(params string[] handles) => await Task.WhenAll(handles.Select(handle => FetchAsync(handle)));

    public async Task<RatingHistory> HistoryAsync(string handle) =>
        Assert.IsType<CallAnswered<RatingHistory>>(await Platform.FetchRatingHistoryAsync(handle, UpstreamTests.Budget(), CancellationToken.None)).Value;

    /// <summary>Until so many calls wait at the gate.</summary>
    public async Task WaitingAsync(int calls)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (Gate.Waiting != calls)
        {
            Assert.False(patience.IsCancellationRequested, $"{Gate.Waiting} calls wait at the gate after 60 s; {calls} were expected.");
            await Task.Delay(1);
        }
    }

    public static ProfileSnapshot Profile(CallResult result) =>
        Assert.IsType<PlatformProfile>(Assert.IsType<CallAnswered<PlatformAnswer>>(result).Value).Profile;

    public async ValueTask DisposeAsync()
    {
        await _platforms.DisposeAsync();
        await _gates.DisposeAsync();
        await Upstream.DisposeAsync();
    }
}
