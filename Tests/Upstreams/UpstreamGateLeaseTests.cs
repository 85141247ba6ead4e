using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

public sealed class UpstreamGateLeaseTests : UpstreamGateTest
{
    [Fact]
    public void LeasedGate_CallsWithALeaseOnly()
    {
        var gate = Gate(concurrency: 4, limits: "4 per 1s", leased: true);
        var waiting = Enumerable.Range(0, 4).Select(_ => Enter(gate)).ToList();
        Assert.All(waiting, entry => Assert.False(entry.IsCompleted));

        gate.Apply(Lease(concurrency: 2, share: 4), Time.GetTimestamp());

        Assert.Equal([true, true, false, false], waiting.Select(entry => entry.IsCompleted));
        Time.Advance(TimeSpan.FromSeconds(2));
        waiting[0].Permit().Complete(CallVerdict.Good);
        Assert.False(waiting[2].IsCompleted, "The lease is over.");
        gate.Apply(Lease(concurrency: 2, share: 4), Time.GetTimestamp());
        Assert.True(waiting[2].IsCompleted);
    }

    [Fact]
    public void LeaseRunsFromWhenItWasAskedFor()
    {
        var gate = Gate(concurrency: 4, leased: true);
        var asked = Time.GetTimestamp();
        Time.Advance(TimeSpan.FromSeconds(1.5));
        gate.Apply(Lease(concurrency: 4, share: 0), asked);
        Enter(gate).Permit();

        Time.Advance(TimeSpan.FromSeconds(0.5));

        Assert.False(Enter(gate).IsCompleted);
    }

    [Fact]
    public void LeasedShare_IsHeldInsteadOfTheWholeLimit()
    {
        var gate = Gate(concurrency: 9, limits: "4 per 1s", leased: true);
        gate.Apply(Lease(concurrency: 9, share: 1), Time.GetTimestamp());

        Enter(gate).Permit();

        Assert.False(Enter(gate).IsCompleted);
    }

    [Fact]
    public void DroppedLease_EndsCallsAtOnce()
    {
        var gate = Gate(concurrency: 4, leased: true);
        gate.Apply(Lease(concurrency: 4, share: 0), Time.GetTimestamp());
        Enter(gate).Permit();

        gate.DropLease();

        Assert.False(Enter(gate).IsCompleted);
    }

    [Fact]
    public void OtherSilosHold_ComesWithTheLease()
    {
        var gate = Gate(concurrency: 4, leased: true);
        gate.Apply(Lease(concurrency: 4, share: 0) with { HoldOff = TimeSpan.FromSeconds(30), HoldOffReason = "quota" }, Time.GetTimestamp());

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

    private static BudgetLease Lease(int concurrency, int share) =>
        new(concurrency, share == 0 ? [] : [share], TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1), TimeSpan.Zero, null);
}
