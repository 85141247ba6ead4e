using Orleans.Hosting;

namespace OrleansBulk.Tests.Embedded;

/// <summary>Which idle activations end, and when.</summary>
public sealed class CollectionTests : EmbeddedSiloTest
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1), s_second = TimeSpan.FromSeconds(1);

    private protected override void Configure(EmbeddedGrainOptions options)
    {
        options.CollectionAge = TimeSpan.FromMinutes(10);
        options.MaxIdleActivations = 4;
    }

    [Fact]
    public async Task IdleActivation_EndsAtItsAge_NotBefore()
    {
        var reason = new TaskCompletionSource<DeactivationReasonCode>();
        Probe.Deactivating[Key] = grain =>
        {
            reason.SetResult(grain.Reason.ReasonCode);
            return Task.CompletedTask;
        };
        await Grain.RunAsync(Probe.Nothing);

        Clock.Advance(9 * s_minute);
        await Grain.RunAsync(Probe.Nothing);
        Clock.Advance(9 * s_minute);
        Assert.False(reason.Task.IsCompleted);
        Clock.Advance(2 * s_minute);

        Assert.Equal(DeactivationReasonCode.ActivationIdle, await reason.Task.WaitAsync(Patience));
        await EventuallyAsync(() => Live == 0, "the activation's end");
    }

    [Fact]
    public async Task ClassWithItsOwnAge_EndsEarlier()
    {
        await Grain.RunAsync(Probe.Nothing);
        await Grains.GetGrain<IShortLivedProbeGrain>(Key).RunAsync(Probe.Nothing);

        Clock.Advance(2 * s_minute);

        await EventuallyAsync(() => Silo.CountActivations()["shortlivedprobe"] == 0, "the end of the short-lived one");
        Assert.Equal(1, Live);
    }

    [Fact]
    public async Task DelayedDeactivation_IsKept_UntilTakenBack()
    {
        await Grain.RunAsync(Probe.Script(grain => grain.Delay(TimeSpan.FromHours(2))));
        Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, Live);

        await Grain.RunAsync(Probe.Script(grain => grain.Delay(TimeSpan.Zero)));
        Clock.Advance(11 * s_minute);
        await EventuallyAsync(() => Live == 0, "the activation's end");
    }

    [Fact]
    public async Task BusyActivation_Stays()
    {
        var call = Grain.RunAsync(Probe.Script(async _ =>
        {
            ConformanceGates.Open(Key + "/begun");
            await ConformanceGates.PassAsync(Key);
        }));
        await ConformanceGates.PassAsync(Key + "/begun");

        Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, Live);

        ConformanceGates.Open(Key);
        await Assert.ThrowsAsync<TimeoutException>(() => call);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public async Task Timer_HoldsItsActivation_OnlyIfItKeepsItAlive(bool keepAlive, int left)
    {
        var ticks = 0;
        await Grain.RunAsync(Probe.Script(grain => grain.RegisterGrainTimer(
            _ => Task.FromResult(Interlocked.Increment(ref ticks)),
            new GrainTimerCreationOptions { DueTime = s_minute, Period = s_minute, KeepAlive = keepAlive })));

        for (var i = 1; i <= 12 && Live > 0; i++)
        {
            Clock.Advance(s_minute);
            await EventuallyAsync(() => Live == 0 || (Volatile.Read(ref ticks) >= i && Clock.ArmedTimers == 2), $"tick {i}");
        }

        await EventuallyAsync(() => Live == left, $"{left} activations");
    }

    [Fact]
    public async Task BeyondTheCeiling_TheLeastRecentlyUsedEnd()
    {
        for (var i = 0; i < 4; i++) await CallAsync(i);
        await CallAsync(0);

        await CallAsync(4);
        await CallAsync(5);
        await EventuallyAsync(() => Live == 4, "four activations");

        // 1 and 2 were used least recently. A call to one of the others finds it, and does not make a new one.
        var activated = 0;
        foreach (var i in new[] { 0, 3, 4, 5 }) Probe.Activating[$"{Key}/{i}"] = _ => Task.FromResult(activated++);
        foreach (var i in new[] { 0, 3, 4, 5 }) await CallAsync(i);
        Assert.Equal(0, activated);
    }

    [Fact]
    public async Task BeyondTheCeiling_BusyActivationsAndThoseWithAKeepAliveTimer_Stay()
    {
        await Grain.RunAsync(Probe.Script(grain => grain.RegisterGrainTimer(
            _ => Task.CompletedTask,
            new GrainTimerCreationOptions { DueTime = TimeSpan.FromHours(1), Period = TimeSpan.FromHours(1), KeepAlive = true })));
        var busy = At(Key + "/busy").RunAsync(Probe.Script(async _ =>
        {
            ConformanceGates.Open(Key + "/begun");
            await ConformanceGates.PassAsync(Key);
        }));
        await ConformanceGates.PassAsync(Key + "/begun");
        var ended = false;
        Probe.Deactivating[Key] = Probe.Deactivating[Key + "/busy"] = _ => Task.FromResult(ended = true);

        for (var i = 0; i < 20; i++) await CallAsync(i);
        await EventuallyAsync(() => Live == 4, "four activations");

        Assert.False(ended);
        ConformanceGates.Open(Key);
        await busy;
    }

    [Fact]
    public async Task ManyNewKeys_DoNotOutrunTheCeiling()
    {
        var next = 0;
        var most = 0;
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(async () =>
        {
            for (var i = Interlocked.Increment(ref next); i <= 1_000; i = Interlocked.Increment(ref next))
            {
                await At($"{Key}/{i}").RunAsync(Probe.Nothing);
                most = Math.Max(most, Live);
            }
        })));

        // The ceiling of 4, ten calls, and what is just ending.
        Assert.InRange(most, 4, 100);
    }

    private async Task CallAsync(int i)
    {
        Clock.Advance(s_second);
        await At($"{Key}/{i}").RunAsync(Probe.Nothing);
    }
}
