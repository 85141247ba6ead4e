using Microsoft.Extensions.Logging.Abstractions;
using OrleansBulk.Tests.Support;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

public sealed class UpstreamGateTests : IDisposable
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private readonly ManualTime _time = new();
    private UpstreamGate? _gate;

    public void Dispose() => _gate?.Dispose();

    [Fact]
    public void FreeGate_GrantsAtOnce()
    {
        var gate = Gate(concurrency: 2);

        var entry = Enter(gate).Result();

        Assert.NotNull(entry.Permit);
        Assert.Equal((0, 1), gate.Need);
    }

    [Fact]
    public void Ceiling_HoldsTheNextCall_UntilOneIsDone()
    {
        var gate = Gate(concurrency: 2);
        var first = Enter(gate).Permit();
        Enter(gate).Permit();
        var third = Enter(gate);
        Assert.False(third.IsCompleted);

        first.Complete(CallVerdict.Good);

        Assert.NotNull(third.Permit());
    }

    [Fact]
    public void Flow_KeepsItsOwnCeiling_AndLeavesTheRestToOthers()
    {
        var gate = Gate(concurrency: 5);
        var first = Enter(gate, "small", flowConcurrency: 1).Permit();
        var second = Enter(gate, "small", flowConcurrency: 1);
        var other = Enter(gate, "other");

        Assert.False(second.IsCompleted);
        Assert.NotNull(other.Permit());
        first.Complete(CallVerdict.Good);
        Assert.NotNull(second.Permit());
    }

    [Fact]
    public void Flows_TakeTurns()
    {
        var gate = Gate(concurrency: 1);
        var permit = Enter(gate).Permit();
        var order = new List<string>();
        var waiting = new List<(string Flow, Task<GateEntry> Entry)>();
        foreach (var flow in new[] { "big", "big", "big", "big", "small", "small" })
        {
            waiting.Add((flow, Enter(gate, flow)));
        }

        while (waiting.Count > 0)
        {
            permit.Complete(CallVerdict.Good);
            var (flow, entry) = waiting.Find(one => one.Entry.IsCompleted);
            waiting.RemoveAll(one => one.Entry == entry);
            order.Add(flow);
            permit = entry.Permit();
        }

        Assert.Equal(["big", "small", "big", "small", "big", "big"], order);
    }

    [Fact]
    public void Person_GoesBeforeJobs()
    {
        var gate = Gate(concurrency: 1);
        var permit = Enter(gate).Permit();
        var job = Enter(gate, "job");
        var person = Enter(gate, FlowTicket.Interactive);

        permit.Complete(CallVerdict.Good);

        Assert.True(person.IsCompleted);
        Assert.False(job.IsCompleted);
    }

    [Fact]
    public void CallLimit_SpacesCalls_OnTheClockAlone()
    {
        var gate = Gate(concurrency: 10, limits: "1 per 2s");
        var entries = Enumerable.Range(0, 4).Select(_ => Enter(gate)).ToList();
        entries[0].Permit().Complete(CallVerdict.Good);
        var granted = new List<double>();
        for (var ms = 0; ms < 10_000; ms += 10)
        {
            _time.Advance(TimeSpan.FromMilliseconds(10));
            foreach (var entry in entries.Where(entry => entry.IsCompleted).Skip(granted.Count + 1).ToList())
            {
                entry.Permit().Complete(CallVerdict.Good);
                granted.Add((ms + 10) / 1000.0);
            }
        }

        Assert.Equal([2.04, 4.08, 6.12], granted);
    }

    [Fact]
    public void LateAnswer_MovesItsCallToWhenItCanHaveArrived()
    {
        var gate = Gate(concurrency: 10, limits: "1 per 2s");
        for (var answers = 0; answers < 20; answers++)
        {
            Call(gate, TimeSpan.FromSeconds(0.1)); // the fastest: what takes longer may have arrived later
            _time.Advance(TimeSpan.FromSeconds(5));
        }

        Call(gate, TimeSpan.FromSeconds(1.1));

        var next = Enter(gate);

        _time.Advance(TimeSpan.FromSeconds(1.93)); // it may have arrived a second after it was granted, 0.1 s ago
        Assert.False(next.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.01));
        Assert.True(next.IsCompleted);
    }

    [Fact]
    public void ColdStart_CountsCallsFromTheirAnswers_BecauseAllOfThemMayHaveArrivedLate()
    {
        var gate = Gate(concurrency: 10, limits: "10 per 1s");
        var first = Enumerable.Range(0, 10).Select(_ => Enter(gate).Permit()).ToList();
        _time.Advance(TimeSpan.FromSeconds(0.7)); // connecting, compiling: they arrived a moment ago
        first.ForEach(permit => permit.Complete(CallVerdict.Good));
        var next = Enter(gate);

        _time.Advance(TimeSpan.FromSeconds(1.01));
        Assert.False(next.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.02));
        Assert.True(next.IsCompleted);
    }

    [Fact]
    public void HopelessWait_IsDeferredAtOnce()
    {
        var gate = Gate(concurrency: 2);
        gate.Hold(TimeSpan.FromSeconds(60), "quota");

        var entry = Enter(gate, wait: TimeSpan.FromSeconds(10)).Result();

        Assert.Null(entry.Permit);
        Assert.Equal(TimeSpan.FromSeconds(60), entry.AskAgainAfter);
        Assert.Contains("quota", entry.Reason, StringComparison.Ordinal);
        Assert.Equal((0, 0), gate.Need);
    }

    [Fact]
    public void Deadline_EndsAWait()
    {
        var gate = Gate(concurrency: 1);
        Enter(gate).Permit();
        var waiting = Enter(gate, wait: TimeSpan.FromSeconds(10));

        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Null(waiting.Result().Permit);
        Assert.Equal(TimeSpan.FromSeconds(10), waiting.Result().Waited);
        Assert.True(waiting.Result().AskAgainAfter > TimeSpan.Zero, "An ask that may come back at once would go round in circles.");
        Assert.Equal((0, 1), gate.Need);
    }

    [Fact]
    public void ImpatientWaiter_IsDeferredInTime_BehindAPatientOne()
    {
        var gate = Gate(concurrency: 1);
        Enter(gate).Permit();
        var patient = Enter(gate, wait: Minute);
        var impatient = Enter(gate, wait: TimeSpan.FromSeconds(1));

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(impatient.IsCompleted);
        Assert.False(patient.IsCompleted);
    }

    [Fact]
    public void EndlessPatience_IsNoPastDeadline()
    {
        var gate = Gate(concurrency: 1);
        var permit = Enter(gate).Permit();
        var waiting = Enter(gate, wait: TimeSpan.MaxValue);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.False(waiting.IsCompleted);

        permit.Complete(CallVerdict.Good);

        Assert.NotNull(waiting.Permit());
    }

    [Fact]
    public void RetryAfter_PausesEveryCall_AndThenGoesOn()
    {
        var gate = Gate(concurrency: 5);
        Enter(gate).Permit().Complete(CallVerdict.Throttled, TimeSpan.FromSeconds(7), "429");
        var waiting = Enter(gate);

        _time.Advance(TimeSpan.FromSeconds(6.9));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.NotNull(waiting.Permit());
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0.0)]
    public void ThrottlingWithoutATime_WaitsLongerEachTime(double? saidSeconds)
    {
        var gate = Gate(concurrency: 5, limits: "10 per 1s");
        var waits = new List<double>();
        for (var i = 0; i < 8; i++)
        {
            var permit = EventuallyPermit(gate, out var waited);
            waits.Add(waited);
            permit.Complete(CallVerdict.Throttled, saidSeconds is { } said ? TimeSpan.FromSeconds(said) : null, "429");
        }

        Assert.Equal([0, 1, 2, 4, 8, 16, 32, 60], waits);
    }

    [Fact]
    public void HeldOff_IsToldOnce_WithItsReason()
    {
        var gate = Gate(concurrency: 5);
        var told = new List<HoldOff>();
        gate.HeldOff = told.Add;

        Enter(gate).Permit().Complete(CallVerdict.Throttled, TimeSpan.FromSeconds(7), "429");
        gate.Hold(Minute, "quota");

        Assert.Equal([new HoldOff(TimeSpan.FromSeconds(7), "429"), new HoldOff(Minute, "quota")], told);
    }

    [Fact]
    public void ShorterHold_DoesNotShortenALongerOne()
    {
        var gate = Gate(concurrency: 5);
        gate.Hold(Minute, "quota");
        gate.Hold(TimeSpan.FromSeconds(1), "429");
        var waiting = Enter(gate, wait: Minute * 2);

        _time.Advance(TimeSpan.FromSeconds(59));

        Assert.False(waiting.IsCompleted);
    }

    [Fact]
    public void FailuresInARow_ParkWaiters_ProbeOne_AndRampUp()
    {
        var gate = Gate(concurrency: 8, breakerFailures: 3);
        foreach (var permit in Enumerable.Range(0, 3).Select(_ => Enter(gate).Permit()).ToList())
        {
            permit.Complete(CallVerdict.Troubled, reason: "503");
        }

        var parked = Enumerable.Range(0, 20).Select(_ => Enter(gate, wait: Minute)).ToList();
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.All(parked, entry => Assert.False(entry.IsCompleted));

        _time.Advance(TimeSpan.FromSeconds(0.1));
        var rounds = new List<int>();
        var done = 0;
        while (parked.Exists(entry => !entry.IsCompleted))
        {
            var now = parked.Where(entry => entry.IsCompleted).Skip(done).ToList();
            Assert.NotEmpty(now);
            rounds.Add(now.Count);
            done += now.Count;
            now.ForEach(entry =>
            {
                Assert.True(entry.Result().Parked);
                entry.Permit().Complete(CallVerdict.Good);
            });
        }

        Assert.Equal([1, 1, 2, 4, 8], rounds.Take(5)); // the probe, and then from one on
    }

    [Fact]
    public void FailedProbe_ParksForLonger()
    {
        var gate = Gate(concurrency: 8, breakerFailures: 1);
        Enter(gate).Permit().Complete(CallVerdict.Troubled, reason: "503");
        _time.Advance(TimeSpan.FromSeconds(5));
        Enter(gate).Permit().Complete(CallVerdict.Troubled, reason: "503");
        var waiting = Enter(gate, wait: Minute);

        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.True(waiting.IsCompleted);
    }

    [Fact]
    public void AbandonedProbe_LetsTheNextOneOut()
    {
        var gate = Gate(concurrency: 8, breakerFailures: 1);
        Enter(gate).Permit().Complete(CallVerdict.Troubled, reason: "503");
        _time.Advance(TimeSpan.FromSeconds(5));
        var probe = Enter(gate).Permit();
        var next = Enter(gate);
        Assert.False(next.IsCompleted);

        probe.Dispose();

        Assert.True(next.Permit().Probe);
    }

    [Fact]
    public void Block_ParksForAsLongAsItSays()
    {
        var gate = Gate(concurrency: 8);
        Enter(gate).Permit().Complete(CallVerdict.Blocked, TimeSpan.FromMinutes(3), "challenge");

        var entry = Enter(gate, wait: Minute).Result();

        Assert.Null(entry.Permit);
        Assert.Equal(TimeSpan.FromMinutes(3), entry.AskAgainAfter);
        Assert.Equal("open", gate.Look().Breaker);
    }

    [Fact]
    public void CancelledWaiters_TakeNoPlaceInTheWindow()
    {
        var gate = Gate(concurrency: 5, limits: "1 per 2s");
        Call(gate, TimeSpan.Zero);
        using var cancel = new CancellationTokenSource();
        var cancelled = Enumerable.Range(0, 100).Select(_ => Enter(gate, wait: TimeSpan.FromHours(1), cancellationToken: cancel.Token)).ToList();
        var alive = Enter(gate, wait: TimeSpan.FromHours(1));

        cancel.Cancel();
        _time.Advance(TimeSpan.FromSeconds(2.04));

        Assert.All(cancelled, entry => Assert.True(entry.IsCanceled));
        Assert.NotNull(alive.Permit());
        Assert.Equal((0, 1), gate.Need);
    }

    [Fact]
    public void CancelledWaiters_AreNotWaitingAnyMore()
    {
        var gate = Gate(concurrency: 1);
        var permit = Enter(gate).Permit();
        using var cancel = new CancellationTokenSource();
        var cancelled = Enter(gate, cancellationToken: cancel.Token);

        cancel.Cancel();

        Assert.True(cancelled.IsCanceled);
        Assert.Equal((0, 1), gate.Need);
        permit.Complete(CallVerdict.Good);
        Assert.Equal((0, 0), gate.Need);
        Assert.NotNull(Enter(gate).Permit());
    }

    [Fact]
    public void PermitGivenUp_FreesItsPlace_OnceOnly()
    {
        var gate = Gate(concurrency: 2);
        var permit = Enter(gate).Permit();
        Enter(gate).Permit();

        permit.Complete(CallVerdict.Good);
        permit.Dispose();
        permit.Complete(CallVerdict.Troubled);

        Assert.Equal((0, 1), gate.Need);
    }

    [Fact]
    public void Close_GivesEveryWaiterBack_AndLetsNobodyIn()
    {
        var gate = Gate(concurrency: 1);
        var permit = Enter(gate).Permit();
        var waiting = Enumerable.Range(0, 3).Select(_ => Enter(gate)).ToList();

        gate.Close();

        Assert.All(waiting, entry => Assert.Contains("stopping", entry.Result().Reason, StringComparison.Ordinal));
        Assert.Contains("stopping", Enter(gate).Result().Reason, StringComparison.Ordinal);
        permit.Complete(CallVerdict.Good);
        Assert.Equal((0, 0), gate.Need);
    }

    [Fact]
    public void LeasedGate_CallsWithALeaseOnly()
    {
        var gate = Gate(concurrency: 4, limits: "4 per 1s", leased: true);
        var waiting = Enumerable.Range(0, 4).Select(_ => Enter(gate)).ToList();
        Assert.All(waiting, entry => Assert.False(entry.IsCompleted));

        gate.Apply(Lease(concurrency: 2, share: 4), _time.GetTimestamp());

        Assert.Equal([true, true, false, false], waiting.Select(entry => entry.IsCompleted));
        _time.Advance(TimeSpan.FromSeconds(2));
        waiting[0].Permit().Complete(CallVerdict.Good);
        Assert.False(waiting[2].IsCompleted, "The lease is over.");
        gate.Apply(Lease(concurrency: 2, share: 4), _time.GetTimestamp());
        Assert.True(waiting[2].IsCompleted);
    }

    [Fact]
    public void LeaseRunsFromWhenItWasAskedFor()
    {
        var gate = Gate(concurrency: 4, leased: true);
        var asked = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(1.5));
        gate.Apply(Lease(concurrency: 4, share: 0), asked);
        Enter(gate).Permit();

        _time.Advance(TimeSpan.FromSeconds(0.5));

        Assert.False(Enter(gate).IsCompleted);
    }

    [Fact]
    public void LeasedShare_IsHeldInsteadOfTheWholeLimit()
    {
        var gate = Gate(concurrency: 9, limits: "4 per 1s", leased: true);
        gate.Apply(Lease(concurrency: 9, share: 1), _time.GetTimestamp());

        Enter(gate).Permit();

        Assert.False(Enter(gate).IsCompleted);
    }

    [Fact]
    public void DroppedLease_EndsCallsAtOnce()
    {
        var gate = Gate(concurrency: 4, leased: true);
        gate.Apply(Lease(concurrency: 4, share: 0), _time.GetTimestamp());
        Enter(gate).Permit();

        gate.DropLease();

        Assert.False(Enter(gate).IsCompleted);
    }

    [Fact]
    public void OtherSilosHold_ComesWithTheLease()
    {
        var gate = Gate(concurrency: 4, leased: true);
        gate.Apply(Lease(concurrency: 4, share: 0) with { HoldOff = TimeSpan.FromSeconds(30), HoldOffReason = "quota" }, _time.GetTimestamp());

        Assert.Equal(TimeSpan.FromSeconds(30), Enter(gate, wait: TimeSpan.FromSeconds(5)).Result().AskAgainAfter);
    }

    [Fact]
    public void Need_WakesTheKeeper_EachTime()
    {
        var gate = Gate(concurrency: 4, leased: true);
        Assert.False(gate.WhenNeededAsync().IsCompleted);
        using var cancel = new CancellationTokenSource();
        Enter(gate, cancellationToken: cancel.Token);
        Assert.True(gate.WhenNeededAsync().IsCompleted);

        cancel.Cancel();

        Assert.False(gate.WhenNeededAsync().IsCompleted);
        Enter(gate);
        Assert.True(gate.WhenNeededAsync().IsCompleted);
    }

    /// <summary>Everything at once: flows, limits, cancelling, every verdict. No limit is passed, nobody waits beyond its deadline, and nothing is left behind.</summary>
    [Fact]
    public void NobodyIsLost_AndNoLimitIsPassed_WhateverHappens()
    {
        for (var seed = 0; seed < 25; seed++)
        {
            var time = new ManualTime();
            var random = new Random(seed);
            var limit = new CallLimit(5, TimeSpan.FromSeconds(1));
            using var gate = new UpstreamGate(UpstreamTests.Options(concurrency: 4, limits: "5 per 1s") with { BreakerFailures = 4 }, time, NullLogger.Instance, leased: false);
            var waiting = new List<(Task<GateEntry> Entry, CancellationTokenSource Cancel, DateTimeOffset Deadline)>();
            var calls = new List<Permit>();
            var arrivals = new List<long>();
            for (var step = 0; step < 3000; step++)
            {
                if (random.Next(3) == 0)
                {
                    var cancel = new CancellationTokenSource();
                    var wait = TimeSpan.FromSeconds(random.Next(20));
                    var flow = new FlowTicket(random.Next(6) == 0 ? FlowTicket.Interactive : $"job{random.Next(3)}", random.Next(4));
                    waiting.Add((gate.EnterAsync(flow, wait, cancel.Token).AsTask(), cancel, time.GetUtcNow() + wait));
                }

                if (random.Next(20) == 0 && waiting.Count > 0)
                {
                    waiting[random.Next(waiting.Count)].Cancel.Cancel();
                }

                if (random.Next(3) == 0 && calls.Count > 0)
                {
                    var permit = calls[random.Next(calls.Count)];
                    calls.Remove(permit);
                    permit.Complete((CallVerdict)Math.Max(0, random.Next(-40, 5)), random.Next(2) == 0 ? TimeSpan.FromSeconds(random.Next(3)) : null, "seeded");
                }

                time.Advance(TimeSpan.FromMilliseconds(random.Next(60)));
                Collect();
            }

            while (calls.Count > 0 || waiting.Count > 0)
            {
                calls.ForEach(permit => permit.Complete(CallVerdict.Good));
                calls.Clear();
                time.Advance(TimeSpan.FromMilliseconds(50));
                Collect();
            }

            Assert.Equal((0, 0), gate.Need);
            Assert.True(arrivals.Count > 20, $"Seed {seed}: {arrivals.Count} calls are too few to say anything.");

            void Collect()
            {
                foreach (var one in waiting.ToList())
                {
                    if (!one.Entry.IsCompleted)
                    {
                        Assert.True(time.GetUtcNow() <= one.Deadline, $"Seed {seed}: somebody waits beyond the deadline.");
                        continue;
                    }

                    waiting.Remove(one);
                    if (one.Entry.IsCompletedSuccessfully && one.Entry.Result().Permit is { } permit)
                    {
                        calls.Add(permit);
                        arrivals.Add(permit.GrantedAt);
                        Assert.True(calls.Count <= 4, $"Seed {seed}: {calls.Count} calls at once.");
                        Assert.True(arrivals.Count(arrival => arrival > permit.GrantedAt - limit.Per.Ticks && arrival <= permit.GrantedAt) <= limit.Calls, $"Seed {seed}: too many calls in a window.");
                    }

                    one.Cancel.Dispose();
                }
            }
        }
    }

    [Fact]
    public async Task ManyThreads_LoseNobody_AndKeepTheCeiling()
    {
        using var gate = new UpstreamGate(UpstreamTests.Options(concurrency: 3), TimeProvider.System, NullLogger.Instance, leased: false);
        var (now, most, done) = (0, 0, 0);

        await Task.WhenAll(Enumerable.Range(0, 16).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 500; i++)
            {
                using var cancel = new CancellationTokenSource();
                var entering = gate.EnterAsync(new FlowTicket($"job{worker % 4}", random.Next(3)), Minute, cancel.Token).AsTask();
                if (random.Next(4) == 0)
                {
                    await cancel.CancelAsync();
                }

                try
                {
                    using var permit = (await entering).Permit!;
                    InterlockedMax(ref most, Interlocked.Increment(ref now));
                    for (var yields = 0; yields < 5; yields++)
                    {
                        await Task.Yield(); // so that calls overlap on few threads too
                    }

                    Interlocked.Decrement(ref now);
                    permit.Complete(random.Next(5) == 0 ? CallVerdict.Neutral : CallVerdict.Good);
                }
                catch (OperationCanceledException)
                {
                    // It was given up while it waited.
                }

                Interlocked.Increment(ref done);
            }
        }))).WaitAsync(Minute);

        Assert.Equal(16 * 500, done);
        Assert.InRange(most, 2, 3);
        Assert.Equal((0, 0), gate.Need);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); value > seen;)
        {
            seen = Interlocked.CompareExchange(ref target, value, seen) is var found && found == seen ? value : found;
        }
    }

    private UpstreamGate Gate(int concurrency, string limits = "none", int breakerFailures = 8, bool leased = false) =>
        _gate = new UpstreamGate(UpstreamTests.Options(concurrency, limits) with { BreakerFailures = breakerFailures }, _time, NullLogger.Instance, leased);

    private static Task<GateEntry> Enter(
        UpstreamGate gate, string flow = "job", int flowConcurrency = 0, TimeSpan? wait = null, CancellationToken cancellationToken = default) =>
        gate.EnterAsync(new FlowTicket(flow, flowConcurrency), wait ?? Minute, cancellationToken).AsTask();

    private static BudgetLease Lease(int concurrency, int share) =>
        new(concurrency, share == 0 ? [] : [share], TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1), TimeSpan.Zero, null);

    private void Call(UpstreamGate gate, TimeSpan took)
    {
        var permit = Enter(gate).Permit();
        _time.Advance(took);
        permit.Complete(CallVerdict.Good);
    }

    private Permit EventuallyPermit(UpstreamGate gate, out double waitedSeconds)
    {
        var since = _time.GetUtcNow();
        var entering = Enter(gate, wait: Minute * 2);
        for (var steps = 0; !entering.IsCompleted && steps < 1200; steps++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        waitedSeconds = (_time.GetUtcNow() - since).TotalSeconds;
        return entering.Permit();
    }
}
