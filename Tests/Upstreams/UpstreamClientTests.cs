using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansBulk.Tests.CodingProfiles.Platforms;
using OrleansBulk.Tests.Support;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

public sealed class UpstreamClientTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private ScriptedUpstream _upstream = null!;
    private UpstreamGates? _gates;

    public async Task InitializeAsync() => _upstream = await ScriptedUpstream.StartAsync();

    public async Task DisposeAsync()
    {
        if (_gates is not null)
        {
            await _gates.DisposeAsync();
        }

        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task GoodAnswer_CostsOneCallAndOneAttempt()
    {
        _upstream.Answers(ScriptedAnswer.Text("hello"));

        var result = await Send(Client());

        Assert.Equal("hello", Assert.IsType<CallAnswered<string>>(result).Value);
        Assert.Equal((1, 1, 0), (result.Attempts, result.Cost.Calls, result.Cost.Retries));
    }

    [Fact]
    public async Task Trouble_IsTriedAgain_AndEveryTryCounts()
    {
        _upstream.Answers(ScriptedAnswer.Empty(503), ScriptedAnswer.Empty(503), ScriptedAnswer.Text("hello"));

        var result = await Retried(Send(Client()));

        Assert.IsType<CallAnswered<string>>(result);
        Assert.Equal((3, 3, 2), (result.Attempts, result.Cost.Calls, result.Cost.Retries));
        Assert.True(result.Cost.Backoff > TimeSpan.Zero);
    }

    [Fact]
    public async Task Waits_BetweenTries_Differ()
    {
        _upstream.Answers(ScriptedAnswer.Empty(503));
        var client = Client(attempts: 2);
        var waits = new HashSet<TimeSpan>();
        for (var i = 0; i < 10; i++)
        {
            waits.Add((await Retried(Send(client))).Cost.Backoff);
        }

        Assert.True(waits.Count > 5, "Calls that failed together would come back together.");
    }

    [Fact]
    public async Task SpentAttempts_EndInTrouble()
    {
        _upstream.Answers(ScriptedAnswer.Empty(503));

        var result = await Retried(Send(Client()));

        Assert.Equal("sample: 503", Assert.IsType<CallTroubled>(result).Cause);
        Assert.Equal(4, result.Attempts);
        Assert.Equal(4, _upstream.Seen.Count);
    }

    [Fact]
    public async Task AttemptsOfEarlierAsks_Count()
    {
        _upstream.Answers(ScriptedAnswer.Empty(503));

        var result = await Send(Client(), UpstreamTests.Budget(attemptsSpent: 3));

        Assert.IsType<CallTroubled>(result);
        Assert.Equal(4, result.Attempts);
        Assert.Single(_upstream.Seen);
    }

    [Fact]
    public async Task TriesThatNoLongerFit_AreDeferredWithTheirWait()
    {
        _upstream.Answers(ScriptedAnswer.Empty(503));

        var result = await Send(Client(), UpstreamTests.Budget(waitSeconds: 0.4));

        Assert.Equal(TimeSpan.FromSeconds(0.5), Assert.IsType<CallDeferred>(result).After);
        Assert.Equal(1, result.Attempts);
    }

    [Fact]
    public async Task LaterTries_WaitAtTheGateForWhatIsLeft()
    {
        _upstream.Answers(ScriptedAnswer.Empty(503));
        var client = Client();
        var sending = Send(client, UpstreamTests.Budget(waitSeconds: 10));
        await _time.TimerWithinAsync(TimeSpan.FromSeconds(20));
        client.Hold(TimeSpan.FromSeconds(12), "quota");

        _time.Advance(TimeSpan.FromSeconds(5)); // 5 s of the budget are left, and 7 s of the hold: a second budget of 10 s would outlast it
        var result = await sending.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.IsType<CallDeferred>(result);
        Assert.Single(_upstream.Seen);
    }

    [Fact]
    public async Task Throttling_SpendsNoAttempt_AndPausesTheGate()
    {
        _upstream.Answers(ScriptedAnswer.Empty(429));
        var client = Client();

        var result = await Send(client);

        Assert.Equal(TimeSpan.FromSeconds(7), Assert.IsType<CallDeferred>(result).After);
        Assert.Equal((0, 1), (result.Attempts, result.Cost.Calls));
        var next = Assert.IsType<CallDeferred>(await Send(client, UpstreamTests.Budget(waitSeconds: 1)));
        Assert.Equal(TimeSpan.FromSeconds(7), next.After);
        Assert.Equal(0, next.Cost.Calls);
        Assert.Single(_upstream.Seen);
    }

    [Fact]
    public async Task Block_SpendsNoAttempt_AndOpensTheBreaker()
    {
        _upstream.Answers(ScriptedAnswer.Empty(403));
        var client = Client();

        var result = await Send(client, UpstreamTests.Budget(attemptsSpent: 2));

        Assert.Equal(TimeSpan.FromMinutes(2), Assert.IsType<CallDeferred>(result).After);
        Assert.Equal(2, result.Attempts);
        Assert.Equal("open", _gates!.Look("sample").Breaker);
    }

    [Fact]
    public async Task MissingAnswer_IsAGoodAnswerOfTheUpstream()
    {
        _upstream.Answers(ScriptedAnswer.Empty(404));
        var client = Client(breakerFailures: 1);

        Assert.IsType<CallMissing>(await Send(client));

        Assert.Equal("closed", _gates!.Look("sample").Breaker);
    }

    [Fact]
    public async Task WaitingAtTheLimit_SpendsNoAttempt_AndIsAccountedFor()
    {
        _upstream.Answers(ScriptedAnswer.Text("hello"));
        var client = Client(limits: "1 per 2s");
        await Send(client);

        var sending = Send(client);
        await _time.TimerWithinAsync(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(3));
        var result = await sending;

        Assert.IsType<CallAnswered<string>>(result);
        Assert.Equal(1, result.Attempts);
        Assert.Equal(TimeSpan.FromSeconds(2.04), result.Cost.AtLimit);
    }

    [Fact]
    public async Task NoAnswerInTime_IsTrouble()
    {
        var never = new TaskCompletionSource();
        _upstream.Answers(ScriptedAnswer.Text("late") with { Until = never.Task });

        var sending = Send(Client(attempts: 1));
        await _time.TimerWithinAsync(TimeSpan.FromMinutes(5));
        _time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal("sample: no answer in time", Assert.IsType<CallTroubled>(await sending).Cause);
    }

    [Fact]
    public async Task HandlersOwnTimeout_IsTrouble()
    {
        // A connection that is not made in time is a cancelled task, though nobody cancelled.
        var client = ClientOver(new FailingHandler(() => new TaskCanceledException("connect", new TimeoutException())));

        Assert.Equal("sample: no answer in time", Assert.IsType<CallTroubled>(await Send(client)).Cause);
    }

    [Fact]
    public async Task RefusedConnection_IsTrouble()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var client = Client(attempts: 1, url: new Uri($"http://127.0.0.1:{port}"));

        Assert.Equal("sample: connection failed", Assert.IsType<CallTroubled>(await Send(client)).Cause);
    }

    [Fact]
    public async Task BrokenConnection_IsTrouble()
    {
        _upstream.Answers(ScriptedAnswer.Empty() with { Disconnects = true });

        Assert.IsType<CallTroubled>(await Send(Client(attempts: 1)));
    }

    [Fact]
    public async Task CutBody_IsTrouble()
    {
        _upstream.Answers(ScriptedAnswer.Text("a body of some length") with { CutAfter = 6 });

        Assert.Equal("sample: answer cut off", Assert.IsType<CallTroubled>(await Send(Client(attempts: 1), readsStream: true)).Cause);
    }

    [Fact]
    public async Task BodyThatDoesNotUnpack_IsTrouble()
    {
        _upstream.Answers(ScriptedAnswer.Text("this is no gzip at all").With("Content-Encoding", "gzip"));

        Assert.IsType<CallTroubled>(await Send(Client(attempts: 1), readsStream: true));
    }

    [Theory]
    [InlineData(typeof(System.Text.Json.JsonException))]
    [InlineData(typeof(FormatException))]
    [InlineData(typeof(KeyNotFoundException))]
    [InlineData(typeof(OverflowException))]
    [InlineData(typeof(ArgumentOutOfRangeException))]
    public async Task AnswerThatReadersChokeOn_IsGarbled(Type choke)
    {
        _upstream.Answers(ScriptedAnswer.Text("hello"));

        var result = await Client().SendAsync(
            UpstreamTests.Budget(), Request, (_, _) => throw (Exception)Activator.CreateInstance(choke)!, CancellationToken.None);

        Assert.Equal("sample: answer cannot be read", Assert.IsType<CallGarbled>(result).Cause);
        Assert.Single(_upstream.Seen);
    }

    [Fact]
    public async Task CancelledCall_Throws_AndFreesItsPlace()
    {
        var never = new TaskCompletionSource();
        _upstream.Answers(ScriptedAnswer.Text("late") with { Until = never.Task });
        var client = Client(concurrency: 1);
        using var cancel = new CancellationTokenSource();
        var sending = client.SendAsync(UpstreamTests.Budget(), Request, (_, _) => throw new InvalidOperationException("no answer came"), cancel.Token);
        await _time.TimerWithinAsync(TimeSpan.FromMinutes(5));

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        Assert.Equal(0, _gates!.Look("sample").InFlight);
    }

    [Fact]
    public async Task ClosedGates_DeferCalls()
    {
        var client = Client();
        await _gates!.CloseAsync();

        Assert.Contains("stopping", Assert.IsType<CallDeferred>(await Send(client)).Reason, StringComparison.Ordinal);
        Assert.Empty(_upstream.Seen);
    }

    private UpstreamClient Client(int concurrency = 10, string limits = "none", int attempts = 4, int breakerFailures = 100, Uri? url = null)
    {
        _gates = UpstreamTests.Gates(_time, UpstreamTests.Options(concurrency, limits) with
        {
            BaseUrl = url ?? _upstream.Url,
            Attempts = attempts,
            BreakerFailures = breakerFailures,
            Timeout = TimeSpan.FromMinutes(5),
        });
        return _gates.Client("sample");
    }

    private UpstreamClient ClientOver(HttpMessageHandler handler)
    {
        var options = UpstreamTests.Options() with { Attempts = 1 };
        return new UpstreamClient(new UpstreamGate(options, _time, NullLogger.Instance, leased: false), new HttpClient(handler), _time, UpstreamTests.Metrics());
    }

    private HttpRequestMessage Request() => new(HttpMethod.Get, new Uri(_gates!.Catalog.Get("sample").BaseUrl, "/thing"));

    private static Task<CallResult> Send(UpstreamClient client, CallBudget? budget = null, bool readsStream = false) => client.SendAsync(
        budget ?? UpstreamTests.Budget(),
        () => new HttpRequestMessage(HttpMethod.Get, client.Options.BaseUrl),
        async (response, cancellationToken) => response.StatusCode switch
        {
            HttpStatusCode.OK when readsStream => new CallAnswered<string>(await new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken)).ReadToEndAsync(cancellationToken)),
            HttpStatusCode.OK => new CallAnswered<string>(await response.Content.ReadAsStringAsync(cancellationToken)),
            HttpStatusCode.NotFound => new CallMissing("sample: not found", "no such thing"),
            HttpStatusCode.TooManyRequests => new CallThrottled(TimeSpan.FromSeconds(7), "429"),
            HttpStatusCode.Forbidden => new CallBlocked(TimeSpan.FromMinutes(2), "challenge"),
            var status => new CallTroubled($"sample: {(int)status}", "trouble"),
        },
        CancellationToken.None);

    /// <summary>Lets the waits between tries pass.</summary>
    private async Task<CallResult> Retried(Task<CallResult> sending)
    {
        while (await Task.WhenAny(sending, _time.TimerWithinAsync(TimeSpan.FromSeconds(60))) != sending)
        {
            _time.Advance(TimeSpan.FromSeconds(20));
        }

        return await sending;
    }

    private sealed class FailingHandler(Func<Exception> fail) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => throw fail();
    }
}
