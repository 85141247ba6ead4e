using OrleansBulk.Simulator.Limits;

namespace OrleansBulk.Tests.Simulator;

public class SlidingWindowTests
{
    [Fact]
    public void CallsAWholeWindowApart_NeverShareOne()
    {
        var window = new SlidingWindow(1000);
        window.Add(5);
        window.Add(1005);
        Assert.Equal(1, window.Most);
    }

    [Fact]
    public void CallsAMillisecondLessApart_ShareOne()
    {
        var window = new SlidingWindow(1000);
        window.Add(5);
        window.Add(1004);
        Assert.Equal(2, window.Most);
    }

    [Fact]
    public void Most_IsThatOfAnyWindowNotOfAlignedOnes()
    {
        var window = new SlidingWindow(1000);
        foreach (var ms in new long[] { 100, 900, 950, 1050, 1080, 1850, 2500 }) window.Add(ms);
        // 900, 950, 1050, 1080 and 1850 lie within one second; no calendar second holds more than four.
        Assert.Equal(5, window.Most);
        Assert.Equal(2, window.Count);
    }

    [Fact]
    public void Count_MatchesCountingByHandForRandomArrivals()
    {
        var random = new Random(5);
        var window = new SlidingWindow(50);
        var arrivals = new List<long>();
        var most = 0;
        for (long now = 0, i = 0; i < 3000; i++)
        {
            now += random.Next(0, 12);
            arrivals.Add(now);
            window.Add(now);
            var expected = arrivals.Count(at => at > now - 50);
            most = Math.Max(most, expected);
            Assert.Equal(expected, window.Count);
        }
        Assert.Equal(most, window.Most);
    }
}
