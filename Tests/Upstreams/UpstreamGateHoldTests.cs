using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

public sealed class UpstreamGateHoldTests : UpstreamGateTest
{
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
    public void RetryAfter_PausesEveryCall_AndThenGoesOn()
    {
        var gate = Gate(concurrency: 5);
        Enter(gate).Permit().Complete(CallVerdict.Throttled, TimeSpan.FromSeconds(7), "429");
        var waiting = Enter(gate);

        Time.Advance(TimeSpan.FromSeconds(6.9));
        Assert.False(waiting.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(0.1));

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

        Time.Advance(TimeSpan.FromSeconds(59));

        Assert.False(waiting.IsCompleted);
    }

    private Permit EventuallyPermit(UpstreamGate gate, out double waitedSeconds)
    {
        var since = Time.GetUtcNow();
        var entering = Enter(gate, wait: Minute * 2);
        for (var steps = 0; !entering.IsCompleted && steps < 1200; steps++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        waitedSeconds = (Time.GetUtcNow() - since).TotalSeconds;
        return entering.Permit();
    }
}
