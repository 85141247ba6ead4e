using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace OrleansBulk.Tests.Embedded;

public sealed class CallTests : EmbeddedSiloTest
{
    private static readonly AsyncLocal<string?> s_ambient = new();

    [Fact]
    public async Task CallCycle_EndsInTimeout()
    {
        var other = Key + "/other";
        var back = Probe.Script((_, _) => Grain.RunAsync(Probe.Nothing));
        var call = Grain.RunAsync(Probe.Script((grain, _) =>
        {
            ConformanceGates.Open(Key);
            return At(other).RunAsync(back);
        }));
        await ConformanceGates.PassAsync(Key);

        Clock.Advance(TimeSpan.FromSeconds(33));

        var timeout = await Assert.ThrowsAsync<TimeoutException>(() => call.WaitAsync(Patience));
        Assert.Contains("IProbeGrain.RunAsync on probe/", timeout.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TimedOutCall_RunsOn_AndItsCalleeIsNotCancelled()
    {
        using var never = new CancellationTokenSource();
        var call = Grain.RunCancellableAsync(
            Probe.Script(async (_, token) =>
            {
                ConformanceGates.Open(Key + "/begun");
                await ConformanceGates.PassAsync(Key, token);
                ConformanceGates.Open(Key + "/done");
                return "";
            }),
            never.Token);
        await ConformanceGates.PassAsync(Key + "/begun");

        Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(call.IsCompleted);
        Clock.Advance(TimeSpan.FromSeconds(3));
        await Assert.ThrowsAsync<TimeoutException>(() => call.WaitAsync(Patience));

        ConformanceGates.Open(Key);
        await ConformanceGates.PassAsync(Key + "/done");
    }

    [Fact]
    public async Task CallThatTimesOutInTheQueue_NeverRuns()
    {
        var ran = false;
        var held = HoldAsync();
        await ConformanceGates.PassAsync(Key + "/begun");
        var queued = Grain.RunAsync(Probe.Script(_ => ran = true));

        Clock.Advance(TimeSpan.FromSeconds(32));
        await Assert.ThrowsAsync<TimeoutException>(() => queued.WaitAsync(Patience));
        await Assert.ThrowsAsync<TimeoutException>(() => held.WaitAsync(Patience));
        ConformanceGates.Open(Key);

        await Grain.RunAsync(Probe.Nothing);
        Assert.False(ran);
    }

    [Fact]
    public async Task CallThatIsCancelledInTheQueue_NeverRuns()
    {
        using var cancellation = new CancellationTokenSource();
        var ran = false;
        var held = HoldAsync();
        await ConformanceGates.PassAsync(Key + "/begun");
        var queued = Grain.RunCancellableAsync(Probe.Script(_ => ran = true), cancellation.Token);

        await cancellation.CancelAsync();
        var cancelled = await Assert.ThrowsAsync<OperationCanceledException>(() => queued.WaitAsync(Patience));
        Assert.Equal(cancellation.Token, cancelled.CancellationToken);
        Assert.True(queued.IsCanceled);
        ConformanceGates.Open(Key);

        await held;
        await Grain.RunAsync(Probe.Nothing);
        Assert.False(ran);
    }

    [Fact]
    public async Task Cancellation_ReachesTheCallee_OnItsOwnTurn()
    {
        using var cancellation = new CancellationTokenSource();
        var heardOn = new TaskCompletionSource<bool>();
        var call = Grain.RunCancellableAsync(
            Probe.Script(async (grain, token) =>
            {
                var turn = TaskScheduler.Current;
                token.Register(() => heardOn.SetResult(TaskScheduler.Current == turn));
                ConformanceGates.Open(Key + "/begun");
                await ConformanceGates.PassAsync(Key, CancellationToken.None);
                return "";
            }),
            cancellation.Token);
        await ConformanceGates.PassAsync(Key + "/begun");

        await cancellation.CancelAsync();

        Assert.True(await heardOn.Task.WaitAsync(Patience));
        await Assert.ThrowsAsync<OperationCanceledException>(() => call);
        ConformanceGates.Open(Key);
    }

    [Fact]
    public async Task FirstOfSeveralReadOnlyCalls_Ends_AndOthersMayStart_AsUnderOrleans()
    {
        var grain = Grains.GetGrain<ITurnsGrain>(Key);
        var first = grain.ReadAsync(Key + "/1");
        await ConformanceGates.PassAsync(Key + "/1/begun");
        var second = grain.ReadAsync(Key + "/2");
        await ConformanceGates.PassAsync(Key + "/2/begun");
        var write = grain.IncrementAsync();

        ConformanceGates.Open(Key + "/1");
        await first;

        Assert.Equal(1, await write.WaitAsync(Patience));
        Assert.False(second.IsCompleted);
        ConformanceGates.Open(Key + "/2");
        await second;
    }

    [Fact]
    public async Task CallThatMeetsAThirdEndedActivation_IsRejected()
    {
        var activations = 0;
        Probe.Activating[Key] = grain =>
        {
            activations++;
            grain.EndWhenIdle();
            return Task.CompletedTask;
        };

        var rejection = await Assert.ThrowsAsync<OrleansMessageRejectionException>(() => Grain.RunAsync(Probe.Nothing).WaitAsync(Patience));

        Assert.Contains("Forwarding failed", rejection.Message, StringComparison.Ordinal);
        Assert.Equal(3, activations);
    }

    [Fact]
    public async Task CallQueuedAtAnEndingActivation_RunsOnTheNext()
    {
        var held = Grain.RunAsync(Probe.Script(async (grain, _) =>
        {
            grain.EndWhenIdle();
            ConformanceGates.Open(Key + "/begun");
            await ConformanceGates.PassAsync(Key, CancellationToken.None);
            return grain.Me.ToString();
        }));
        await ConformanceGates.PassAsync(Key + "/begun");
        var queued = Grain.RunAsync(Probe.Tell(grain => grain.Me.ToString()));
        ConformanceGates.Open(Key);

        Assert.NotEqual(await held, await queued.WaitAsync(Patience));
    }

    [Fact]
    public async Task ForeignException_CrossesAsACodecError_ThatNamesIt()
    {
        var error = await Assert.ThrowsAsync<CodecNotFoundException>(() => Grain.RunAsync(Probe.Script(_ => throw new ForeignException("lost"))));

        Assert.Contains(typeof(ForeignException).ToString(), error.Message, StringComparison.Ordinal);
        Assert.Contains("lost", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ForeignException_InsideAnother_DoesNotCrossEither()
    {
        var inner = Probe.Script(_ => throw new InvalidOperationException("outer", new ForeignException("inner")));
        var second = Probe.Script(_ => throw new AggregateException(new TimeoutException(), new ForeignException("second")));

        await Assert.ThrowsAsync<CodecNotFoundException>(() => Grain.RunAsync(inner));
        await Assert.ThrowsAsync<CodecNotFoundException>(() => Grain.RunAsync(second));
    }

    [Fact]
    public async Task AsyncLocals_DoNotCross()
    {
        s_ambient.Value = "caller";
        var tell = Probe.Tell(_ => s_ambient.Value ?? "none");

        // The first call waits for the activation, the second does not.
        Assert.Equal("none", await Grain.RunAsync(tell));
        Assert.Equal("none", await Grain.RunAsync(tell));
    }

    [Fact]
    public async Task References_AreEqual_ByInterfaceAndKey()
    {
        Assert.Equal(Grain, Grain);
        Assert.NotEqual(Grain, At(Key + "/other"));
        Assert.Equal(Grain.GetHashCode(), Grain.GetHashCode());
        Assert.Equal($"probe/{Key}", Grain.GetGrainId().ToString());
        Assert.Equal("own", await Grain.RunAsync(Probe.Tell(grain => grain.GetGrainId() == Grain.GetGrainId() ? "own" : "other")));
    }

    [Fact]
    public void References_ActivateNothing()
    {
        for (var i = 0; i < 1_000; i++) At($"unused/{i}");

        Assert.Equal(0, Live);
    }

    [Fact]
    public void UnknownInterface_AndEmptyKey_AreRefused()
    {
        Assert.Contains("AddEmbeddedGrains", Assert.Throws<ArgumentException>(() => Grains.GetGrain<IUnimplemented>("a")).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => At(" "));
    }

    [Fact]
    public async Task Grain_GetsAScopeOfItsOwn_ThatEndsWithIt()
    {
        Scoped? first = null, second = null;
        await Grain.RunAsync(Probe.Script(grain => first = grain.ScopedServices.GetRequiredService<Scoped>()));
        await At(Key + "/other").RunAsync(Probe.Script(grain => second = grain.ScopedServices.GetRequiredService<Scoped>()));
        Assert.NotSame(first, second);

        await Grain.RunAsync(Probe.Script(grain => grain.EndWhenIdle()));
        await EventuallyAsync(() => first!.IsDisposed, "the scope's end");
        Assert.False(second!.IsDisposed);
    }

    private protected override void ConfigureServices(IServiceCollection services) => services.AddScoped<Scoped>();

    private Task<string> HoldAsync() => Grain.RunAsync(Probe.Script(async _ =>
    {
        ConformanceGates.Open(Key + "/begun");
        await ConformanceGates.PassAsync(Key);
    }));

    private sealed class ForeignException(string message) : Exception(message);

    private sealed class Scoped : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }

    [Alias("unimplemented")]
    private interface IUnimplemented : IGrainWithStringKey;
}
