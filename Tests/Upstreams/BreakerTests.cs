using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

public sealed class BreakerTests
{
    private const long Second = TimeSpan.TicksPerSecond;

    [Fact]
    public void FailuresInARow_Open_AndASuccessBetweenBeginsAnew()
    {
        var breaker = Closed();
        Assert.False(breaker.Failed(0, false, "503"));
        Assert.False(breaker.Failed(0, false, "503"));
        breaker.Succeeded(probe: false);
        Assert.False(breaker.Failed(0, false, "503"));
        Assert.False(breaker.Failed(0, false, "503"));

        Assert.True(breaker.Failed(0, false, "503"));

        Assert.False(breaker.Admits(5 * Second - 1));
        Assert.Equal("503", breaker.Reason);
    }

    [Fact]
    public void OpenBreaker_AdmitsOneProbeAtATime()
    {
        var breaker = Open();
        Assert.True(breaker.Admits(5 * Second));

        Assert.True(breaker.Admitted());

        Assert.False(breaker.Admits(1000 * Second));
        breaker.ProbeAbandoned();
        Assert.True(breaker.Admits(1000 * Second));
    }

    [Fact]
    public void GoodProbe_Closes()
    {
        var breaker = Probing();

        Assert.True(breaker.Succeeded(probe: true));

        Assert.Equal(BreakerState.Closed, breaker.State);
        Assert.Null(breaker.Reason);
        Assert.False(breaker.Admitted());
    }

    [Fact]
    public void FailedProbes_OpenForTwiceAsLong_UpToTheLongest()
    {
        var breaker = Open();
        var now = 0L;
        var waits = new List<long>();
        for (var i = 0; i < 5; i++)
        {
            waits.Add((breaker.OpenUntil - now) / Second);
            now = breaker.OpenUntil;
            breaker.Admitted();
            Assert.True(breaker.Failed(now, probe: true, "503"));
        }

        Assert.Equal([5, 10, 20, 20, 20], waits);
    }

    [Fact]
    public void Blocked_OpensAtOnce_ForAsLongAsItSays()
    {
        var breaker = Closed();

        breaker.Blocked(0, TimeSpan.FromMinutes(3), "challenge");

        Assert.Equal(BreakerState.Open, breaker.State);
        Assert.Equal(180 * Second, breaker.OpenUntil);
    }

    [Fact]
    public void BlocksOfOneRound_CountOnce()
    {
        var breaker = Closed();
        for (var i = 0; i < 20; i++)
        {
            breaker.Blocked(i, TimeSpan.Zero, "challenge");
        }

        Assert.InRange(breaker.OpenUntil, 5 * Second, 6 * Second);
    }

    [Fact]
    public void StragglersFailure_DoesNotProlong()
    {
        var breaker = Open();

        Assert.False(breaker.Failed(4 * Second, probe: false, "late"));

        Assert.Equal(5 * Second, breaker.OpenUntil);
    }

    [Fact]
    public void StragglersSuccess_NeitherClosesNorAdmitsASecondProbe()
    {
        var breaker = Probing();

        Assert.False(breaker.Succeeded(probe: false));

        Assert.Equal(BreakerState.Probing, breaker.State);
        Assert.False(breaker.Admits(1000 * Second));
    }

    private static Breaker Closed() => new(failuresToOpen: 3, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20));

    private static Breaker Open()
    {
        var breaker = Closed();
        for (var i = 0; i < 3; i++)
        {
            breaker.Failed(0, false, "503");
        }

        return breaker;
    }

    private static Breaker Probing()
    {
        var breaker = Open();
        Assert.True(breaker.Admits(5 * Second));
        breaker.Admitted();
        return breaker;
    }
}
