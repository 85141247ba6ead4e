namespace OrleansBulk.Tests.Embedded;

/// <summary>Ticks are turns.</summary>
public sealed class TimerTests : EmbeddedSiloTest
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private int _ticks;

    [Fact]
    public async Task Tick_WaitsItsTurn()
    {
        await StartAsync(interleave: false);
        var held = HoldAsync();
        await ConformanceGates.PassAsync(Key + "/begun");

        Clock.Advance(s_second);
        await Grain.RunBesideAsync(Probe.Nothing);
        Assert.Equal(0, _ticks);

        ConformanceGates.Open(Key);
        await held;
        await TickedAsync(1);
    }

    [Fact]
    public async Task InterleavingTick_DoesNot()
    {
        await StartAsync(interleave: true);
        var held = HoldAsync();
        await ConformanceGates.PassAsync(Key + "/begun");

        Clock.Advance(s_second);
        await TickedAsync(1);

        ConformanceGates.Open(Key);
        await held;
    }

    [Fact]
    public async Task NextTick_IsDue_APeriodAfterTheEndOfTheLast()
    {
        await StartAsync(interleave: false);
        var held = HoldAsync(); // else the first tick may end while the clock still moves, and the second be due on its way
        await ConformanceGates.PassAsync(Key + "/begun");
        Clock.Advance(TimeSpan.FromSeconds(10));
        ConformanceGates.Open(Key);
        await held;
        await TickedAsync(1);

        Clock.Advance(s_second);
        await TickedAsync(2);
    }

    [Fact]
    public async Task ThrowingTick_DoesNotEndTheTimer()
    {
        await Grain.RunAsync(Probe.Script(grain => grain.RegisterGrainTimer(
            () => Interlocked.Increment(ref _ticks) == 1 ? throw new InvalidOperationException("tick") : Task.CompletedTask,
            new GrainTimerCreationOptions(s_second, s_second))));

        Clock.Advance(s_second);
        await TickedAsync(1);
        Clock.Advance(s_second);
        await TickedAsync(2);
    }

    [Fact]
    public async Task Change_MovesTheNextTick_AlsoFromWithinATick()
    {
        IGrainTimer? timer = null;
        await Grain.RunAsync(Probe.Script(grain => timer = grain.RegisterGrainTimer(
            (state, _) =>
            {
                if (Interlocked.Increment(ref _ticks) == 1) timer!.Change(TimeSpan.FromMinutes(1), Timeout.InfiniteTimeSpan);
                return Task.FromResult(state);
            },
            "state",
            new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, s_second))));
        Clock.Advance(s_second);
        Assert.Equal(0, _ticks);

        timer!.Change(s_second, s_second);
        Clock.Advance(s_second);
        await TickedAsync(1);
        Clock.Advance(59 * s_second);
        Assert.Equal(1, _ticks);
        Clock.Advance(s_second);
        await EventuallyAsync(() => _ticks == 2 && Clock.ArmedTimers == 1, "the last tick");
    }

    [Fact]
    public async Task Dispose_CancelsTheRunningTick_AndStopsTheTimer()
    {
        IGrainTimer? timer = null;
        var cancelled = new TaskCompletionSource();
        await Grain.RunAsync(Probe.Script(grain => timer = grain.RegisterGrainTimer(
            async token =>
            {
                ConformanceGates.Open(Key + "/begun");
                try
                {
                    await ConformanceGates.PassAsync(Key + "/never", token);
                }
                finally
                {
                    cancelled.SetResult();
                }
            },
            new GrainTimerCreationOptions { DueTime = s_second, Period = s_second, Interleave = true })));
        Clock.Advance(s_second);
        await ConformanceGates.PassAsync(Key + "/begun");

        await Grain.RunAsync(Probe.Script(_ => timer!.Dispose()));

        await cancelled.Task.WaitAsync(Patience);
        Assert.Equal(1, Clock.ArmedTimers);
    }

    [Fact]
    public async Task Timer_IsRefused_OffTheTurn() => Assert.Contains(
        "off the turn",
        (await Assert.ThrowsAsync<InvalidOperationException>(() => Grain.RunAsync(Probe.Script(grain => Task.Run(
            () => grain.RegisterGrainTimer(() => Task.CompletedTask, new GrainTimerCreationOptions(s_second, s_second))))))).Message,
        StringComparison.Ordinal);

    private Task<string> StartAsync(bool interleave) => Grain.RunAsync(Probe.Script(grain => grain.RegisterGrainTimer(
        _ => Task.FromResult(Interlocked.Increment(ref _ticks)),
        new GrainTimerCreationOptions { DueTime = s_second, Period = s_second, Interleave = interleave })));

    private Task<string> HoldAsync() => Grain.RunAsync(Probe.Script(async _ =>
    {
        ConformanceGates.Open(Key + "/begun");
        await ConformanceGates.PassAsync(Key);
    }));

    /// <summary>That many ticks have been, and the next is set.</summary>
    private Task TickedAsync(int count) => EventuallyAsync(() => Volatile.Read(ref _ticks) == count && Clock.ArmedTimers == 2, $"tick {count}");
}
