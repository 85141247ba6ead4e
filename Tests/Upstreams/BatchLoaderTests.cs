using System.Threading.Channels;
using OrleansBulk.Tests.Support;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

public sealed class BatchLoaderTests : IAsyncLifetime
{
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(20);
    private readonly ManualTime _time = new();
    private readonly Channel<Call> _calls = Channel.CreateUnbounded<Call>(); // written by loads, read by tests
    private readonly List<BatchLoader<string>> _loaders = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        while (_calls.Reader.TryRead(out var call))
        {
            call.Answer();
        }

        foreach (var loader in _loaders)
        {
            await loader.DisposeAsync();
        }
    }

    [Fact]
    public async Task KeysOfOneMoment_ShareACall_AndGetTheirOwnAnswers()
    {
        var loader = Loader(size: 100);
        var asks = new[] { "a", "b", "c" }.Select(key => loader.LoadAsync(key, UpstreamTests.Budget())).ToList();

        _time.Advance(Linger);
        var call = await NextCall();
        call.Answer();

        Assert.Equal(["a", "b", "c"], call.Keys);
        Assert.Equal(["A", "B", "C"], (await Task.WhenAll(asks)).Select(Value));
    }

    [Fact]
    public async Task LingerRunsFromTheFirstKey()
    {
        var loader = Loader(size: 100);
        _ = loader.LoadAsync("first", UpstreamTests.Budget());
        _time.Advance(Linger / 2);
        _ = loader.LoadAsync("second", UpstreamTests.Budget());
        _time.Advance(Linger / 2);

        Assert.Equal(["first", "second"], (await NextCall()).Keys);
    }

    [Fact]
    public async Task FullCall_GoesOutAtOnce_AndTheRestLingers()
    {
        var loader = Loader(size: 2);
        foreach (var key in new[] { "a", "b", "c" })
        {
            _ = loader.LoadAsync(key, UpstreamTests.Budget());
        }

        Assert.Equal(["a", "b"], (await NextCall()).Keys);
        _ = loader.LoadAsync("d", UpstreamTests.Budget());
        Assert.Equal(["c", "d"], (await NextCall()).Keys);
    }

    [Fact]
    public async Task LastKeys_AreNotForgotten()
    {
        var loader = Loader(size: 2);
        foreach (var key in new[] { "a", "b", "c" })
        {
            _ = loader.LoadAsync(key, UpstreamTests.Budget());
        }

        await NextCall();
        _time.Advance(Linger);

        Assert.Equal(["c"], (await NextCall()).Keys);
    }

    [Fact]
    public async Task CallsAtOnce_AreBounded_AndWhatWaitedGoesOutTogether()
    {
        var loader = Loader(size: 10, callsAtOnce: 1);
        _ = loader.LoadAsync("a", UpstreamTests.Budget());
        _time.Advance(Linger);
        var first = await NextCall();
        foreach (var key in new[] { "b", "c", "d" })
        {
            _ = loader.LoadAsync(key, UpstreamTests.Budget());
            _time.Advance(Linger);
        }

        Assert.False(_calls.Reader.TryRead(out _));
        first.Answer();

        Assert.Equal(["b", "c", "d"], (await NextCall()).Keys);
    }

    [Fact]
    public async Task Flows_ShareACallInTurn()
    {
        var loader = Loader(size: 4, callsAtOnce: 1);
        _ = loader.LoadAsync("blocker", UpstreamTests.Budget());
        _time.Advance(Linger);
        var blocker = await NextCall();
        foreach (var key in new[] { "big1", "big2", "big3", "big4", "big5" })
        {
            _ = loader.LoadAsync(key, UpstreamTests.Budget(flow: "big"));
        }

        _ = loader.LoadAsync("small1", UpstreamTests.Budget(flow: "small"));
        blocker.Answer();

        Assert.Equal(["big1", "small1", "big2", "big3"], (await NextCall()).Keys);
    }

    [Fact]
    public async Task OneKeysFailure_TouchesNoOther()
    {
        var loader = Loader(size: 2);
        var good = loader.LoadAsync("good", UpstreamTests.Budget());
        var bad = loader.LoadAsync("bad", UpstreamTests.Budget());

        (await NextCall()).Answer(key => key == "bad" ? new CallMissing("sample: not found", "bad") : new CallAnswered<string>(key));

        Assert.IsType<CallAnswered<string>>(await good);
        Assert.IsType<CallMissing>(await bad);
    }

    [Fact]
    public async Task CallIsPaidOnce_AndTheOthersWereSparedOne()
    {
        var loader = Loader(size: 3);
        var asks = new[] { "a", "b", "c" }.Select(key => loader.LoadAsync(key, UpstreamTests.Budget())).ToList();
        var cost = new CallCost(3, 0, 2, TimeSpan.FromSeconds(1), default, default, default);

        (await NextCall()).Answer(key => new CallAnswered<string>(key) { Cost = cost, Attempts = 1 });

        var costs = (await Task.WhenAll(asks)).Select(result => result.Cost).ToList();
        Assert.Equal((3, 0, 2), (costs[0].Calls, costs[0].Avoided, costs[0].Retries));
        Assert.All(costs.Skip(1), spared => Assert.Equal((0, 1, 0), (spared.Calls, spared.Avoided, spared.Retries)));
    }

    [Fact]
    public async Task AttemptsOfEarlierAsks_StayWithTheirKey()
    {
        // The call is told of the fewest; each key counts on from its own.
        var loader = Loader(size: 2);
        var fresh = loader.LoadAsync("fresh", UpstreamTests.Budget(attemptsSpent: 0));
        var tried = loader.LoadAsync("tried", UpstreamTests.Budget(attemptsSpent: 3));

        var call = await NextCall();
        call.Answer(_ => new CallDeferred(TimeSpan.FromSeconds(1), "503") { Attempts = call.Budget.AttemptsSpent + 1 });

        Assert.Equal(1, (await fresh).Attempts);
        Assert.Equal(4, (await tried).Attempts);
    }

    [Fact]
    public async Task CallWaits_AsLongAsItsMostPatientKeyHasLeft()
    {
        var loader = Loader(size: 10, callsAtOnce: 1);
        _ = loader.LoadAsync("blocker", UpstreamTests.Budget());
        _time.Advance(Linger);
        var blocker = await NextCall();
        _ = loader.LoadAsync("a", UpstreamTests.Budget(waitSeconds: 10));
        _ = loader.LoadAsync("b", UpstreamTests.Budget(waitSeconds: 30));
        _time.Advance(TimeSpan.FromSeconds(4));
        blocker.Answer();

        Assert.Equal(TimeSpan.FromSeconds(26), (await NextCall()).Budget.WaitAtMost);
    }

    [Fact]
    public async Task PersonsKey_MakesTheCallAPersons()
    {
        var loader = Loader(size: 2);
        _ = loader.LoadAsync("job's", UpstreamTests.Budget());
        _ = loader.LoadAsync("person's", CallBudget.Interactive);

        Assert.Equal(FlowTicket.Interactive, (await NextCall()).Budget.Flow.Name);
    }

    [Fact]
    public async Task FailingLoad_FailsItsKeys_AndNotThoseAfterThem()
    {
        var loader = Loader(size: 1);
        var failed = loader.LoadAsync("a", UpstreamTests.Budget());
        (await NextCall()).Fail(new NotSupportedException("a defect"));
        await Assert.ThrowsAsync<NotSupportedException>(() => failed);

        var next = loader.LoadAsync("b", UpstreamTests.Budget());
        (await NextCall()).Answer();

        Assert.Equal("B", Value(await next));
    }

    [Fact]
    public async Task AnswersThatAreTooFew_GoToNobody()
    {
        var loader = Loader(size: 2);
        var asks = new[] { "a", "b" }.Select(key => loader.LoadAsync(key, UpstreamTests.Budget())).ToList();

        (await NextCall()).AnswerWith([new CallAnswered<string>("A")]);

        foreach (var ask in asks)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => ask);
        }
    }

    [Fact]
    public async Task Dispose_DefersWhoWaits_AndCancelsWhoCalls()
    {
        var loader = Loader(size: 1, callsAtOnce: 1);
        var calling = loader.LoadAsync("calling", UpstreamTests.Budget(attemptsSpent: 2));
        var call = await NextCall();
        var waiting = loader.LoadAsync("waiting", UpstreamTests.Budget(attemptsSpent: 1));

        await loader.DisposeAsync();
        await loader.DisposeAsync();

        Assert.True(call.Stop.IsCancellationRequested);
        Assert.Equal(2, Assert.IsType<CallDeferred>(await calling).Attempts);
        Assert.Equal(1, Assert.IsType<CallDeferred>(await waiting).Attempts);
        Assert.IsType<CallDeferred>(await loader.LoadAsync("late", UpstreamTests.Budget()));
    }

    [Fact]
    public async Task ManyAsks_AreEachAnsweredOnce_WithTheirOwn()
    {
        var served = 0;
        await using var loader = new BatchLoader<string>(7, 3, TimeSpan.FromMilliseconds(1), TimeProvider.System, async (keys, _, _) =>
        {
            await Task.Yield();
            Interlocked.Add(ref served, keys.Count);
            return [.. keys.Select(key => new CallAnswered<string>("answer to " + key))];
        });

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            var wrong = 0;
            for (var i = 0; i < 300; i++)
            {
                var key = $"k{worker}x{i}";
                wrong += Value(await loader.LoadAsync(key, UpstreamTests.Budget(flow: $"job{worker % 3}"))) == "answer to " + key ? 0 : 1;
            }

            return wrong;
        }))).WaitAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(0, answers.Sum());
        Assert.Equal(8 * 300, served);
    }

    private static string Value(CallResult result) => Assert.IsType<CallAnswered<string>>(result).Value;

    private BatchLoader<string> Loader(int size, int callsAtOnce = 10)
    {
        var loader = new BatchLoader<string>(size, callsAtOnce, Linger, _time, (keys, budget, stop) =>
        {
            var call = new Call(keys, budget, stop);
            _calls.Writer.TryWrite(call);
            return call.Task;
        });
        _loaders.Add(loader);
        return loader;
    }

    private async Task<Call> NextCall() => await _calls.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    private sealed class Call : TaskCompletionSource<IReadOnlyList<CallResult>>
    {
        public Call(IReadOnlyList<string> keys, CallBudget budget, CancellationToken stop)
            : base(TaskCreationOptions.RunContinuationsAsynchronously)
        {
            (Keys, Budget, Stop) = (keys, budget, stop);
            stop.Register(() => TrySetCanceled(stop));
        }

        public IReadOnlyList<string> Keys { get; }

        public CallBudget Budget { get; }

        public CancellationToken Stop { get; }

        public void Answer() => Answer(key => new CallAnswered<string>(key.ToUpperInvariant()));

        public void Answer(Func<string, CallResult> answer) => TrySetResult([.. Keys.Select(answer)]);

        public void AnswerWith(IReadOnlyList<CallResult> results) => TrySetResult(results);

        public void Fail(Exception error) => TrySetException(error);
    }
}
