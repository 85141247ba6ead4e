using OrleansBulk.Jobs;

namespace OrleansBulk.Tests.Jobs;

public sealed class ProgressMeterTests
{
    [Fact]
    public void SteadyWork_HasItsRate_AndARangeAroundTheTrueTime()
    {
        var meter = Fed(seconds: 20, perSecond: 50);

        Assert.Equal(50, meter.RatePerSecond, 1);
        var eta = meter.Eta(pending: 5000)!;
        Assert.InRange(100, eta.Low, eta.High);
        Assert.InRange(eta.High - eta.Low, 1, 25);
    }

    [Fact]
    public void WorkThatSlowsDown_WidensTheRange()
    {
        var meter = Fed(seconds: 50, perSecond: 100);
        for (var tick = 1; tick <= 60; tick++)
        {
            meter.Record(TimeSpan.FromSeconds(50 + tick * 0.1), 5000 + tick); // ten a second now
        }

        var eta = meter.Eta(pending: 1000)!;
        Assert.True(eta.Low < 15 && eta.High > 90, $"{eta}");
    }

    [Fact]
    public void BurstOfAQuickUpstream_DoesNotShortenWhatASlowOneTakes()
    {
        var meter = new ProgressMeter(TimeSpan.FromSeconds(20));
        for (var tick = 0; tick <= 50; tick++)
        {
            meter.Record(TimeSpan.FromSeconds(tick / 10.0), tick * 100); // 1,000 a second
        }

        // 700 are left, and the upstream that has them takes ten a second.
        Assert.Equal(new EtaRange(63, 77), meter.Eta(700, atLeast: TimeSpan.FromSeconds(70)));
    }

    [Fact]
    public void AStall_IsCalledAStall_AndHasNoEta()
    {
        var meter = Fed(seconds: 5, perSecond: 10);
        for (var tick = 1; tick <= 200; tick++)
        {
            meter.Record(TimeSpan.FromSeconds(5 + tick * 0.1), 50);
        }

        Assert.Null(meter.Eta(pending: 10));
        Assert.Equal(20, meter.StalledFor!.Value.TotalSeconds, 0);
        Assert.Equal("stalled for 20 s: github paused for 40 s more (Retry-After)", meter.Explain("github paused for 40 s more (Retry-After)"));
    }

    [Fact]
    public void BeforeThereIsAnythingToTellItBy_ThereIsNoEta()
    {
        var meter = new ProgressMeter(TimeSpan.FromSeconds(15));
        Assert.Null(meter.Eta(100));
        meter.Record(TimeSpan.Zero, 0);
        meter.Record(TimeSpan.FromSeconds(0.1), 5);
        Assert.Null(meter.Eta(100));
        Assert.Equal(new EtaRange(0, 0), meter.Eta(0));
    }

    private static ProgressMeter Fed(double seconds, double perSecond)
    {
        var meter = new ProgressMeter(TimeSpan.FromSeconds(15));
        for (var tick = 0; tick <= seconds * 10; tick++)
        {
            meter.Record(TimeSpan.FromSeconds(tick * 0.1), (long)(tick * 0.1 * perSecond));
        }

        return meter;
    }
}
