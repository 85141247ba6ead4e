using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

public sealed class UpstreamGateTests : UpstreamGateTest
{
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
            Time.Advance(TimeSpan.FromMilliseconds(10));
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
            Time.Advance(TimeSpan.FromSeconds(5));
        }

        Call(gate, TimeSpan.FromSeconds(1.1));

        var next = Enter(gate);

        Time.Advance(TimeSpan.FromSeconds(1.93)); // it may have arrived a second after it was granted, 0.1 s ago
        Assert.False(next.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(0.01));
        Assert.True(next.IsCompleted);
    }

    [Fact]
    public void ColdStart_CountsCallsFromTheirAnswers_BecauseAllOfThemMayHaveArrivedLate()
    {
        var gate = Gate(concurrency: 10, limits: "10 per 1s");
        var first = Enumerable.Range(0, 10).Select(_ => Enter(gate).Permit()).ToList();
        Time.Advance(TimeSpan.FromSeconds(0.7)); // connecting, compiling: they arrived a moment ago
        first.ForEach(permit => permit.Complete(CallVerdict.Good));
        var next = Enter(gate);

        Time.Advance(TimeSpan.FromSeconds(1.01));
        Assert.False(next.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(0.02));
        Assert.True(next.IsCompleted);
    }

    [Fact]
    public void Deadline_EndsAWait()
    {
        var gate = Gate(concurrency: 1);
        Enter(gate).Permit();
        var waiting = Enter(gate, wait: TimeSpan.FromSeconds(10));

        Time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(waiting.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(0.1));

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

        Time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(impatient.IsCompleted);
        Assert.False(patient.IsCompleted);
    }

    [Fact]
    public void EndlessPatience_IsNoPastDeadline()
    {
        var gate = Gate(concurrency: 1);
        var permit = Enter(gate).Permit();
        var waiting = Enter(gate, wait: TimeSpan.MaxValue);
        Time.Advance(TimeSpan.FromDays(1));
        Assert.False(waiting.IsCompleted);

        permit.Complete(CallVerdict.Good);

        Assert.NotNull(waiting.Permit());
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
        Time.Advance(TimeSpan.FromSeconds(2.04));

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
}
