using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

public sealed class CallWindowTests
{
    private const long Millisecond = TimeSpan.TicksPerMillisecond;

    /// <summary>Calls arrive late by anything from nothing to most of a period, and their answers say so later; no window of a period sees more than the limit.</summary>
    [Theory]
    [InlineData(1, 2000)]
    [InlineData(2, 1000)]
    [InlineData(5, 1000)]
    [InlineData(90, 6000)]
    public void AnyWindow_HoldsAtMostTheLimit_WhateverTheSchedule(int calls, int periodMs)
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var window = new CallWindow(new CallLimit(calls, TimeSpan.FromMilliseconds(periodMs)), TimeSpan.Zero);
            var arrivals = new List<long>();
            for (long now = 0; now < periodMs * 12 * Millisecond; now += random.Next(1, 2 * periodMs / calls) * Millisecond)
            {
                if (window.NextFree() <= now)
                {
                    // Known at once: what comes to be known later is the subject of the test below.
                    var late = random.Next(4) == 0 ? random.Next(periodMs) * Millisecond : 0;
                    window.Correct(window.Grant(now), now + late);
                    arrivals.Add(now + late);
                }
            }

            Assert.True(arrivals.Count > calls, "The schedule made too few calls to say anything.");
            Assert.True(MostInAnyWindow(arrivals, periodMs * Millisecond) <= calls, $"Seed {seed}: {MostInAnyWindow(arrivals, periodMs * Millisecond)} calls in {periodMs} ms.");
        }
    }

    /// <summary>Shares come and go while answers tell of late arrivals in any order: nothing is granted while the known arrivals of a period fill the share.</summary>
    [Fact]
    public void Grant_NeverComes_WhileKnownArrivalsFillTheShare()
    {
        const long Period = 1000 * Millisecond;
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var window = new CallWindow(new CallLimit(4, TimeSpan.FromSeconds(1)), TimeSpan.Zero);
            var arrivals = new Dictionary<long, long>();
            for (long now = 0; now < 30 * Period; now += random.Next(1, 120) * Millisecond)
            {
                window.Share = random.Next(12) == 0 ? random.Next(5) : window.Share;
                if (arrivals.Count > 0 && random.Next(3) == 0)
                {
                    var number = arrivals.Keys.Max() - random.Next(Math.Min(4, arrivals.Count));
                    var arrived = now - random.Next(100) * Millisecond;
                    window.Correct(number, arrived);
                    arrivals[number] = Math.Max(arrivals[number], arrived);
                }

                if (window.NextFree() <= now)
                {
                    var used = arrivals.Values.Count(arrival => arrival > now - Period);
                    Assert.True(used < window.Share, $"Seed {seed}: granted call {used + 1} of {window.Share} in a period.");
                    arrivals[window.Grant(now)] = now;
                }
            }
        }
    }

    [Fact]
    public void LateArrival_ShiftsTheNextCall()
    {
        var window = new CallWindow(new CallLimit(1, TimeSpan.FromSeconds(2)), TimeSpan.FromMilliseconds(40));
        var number = window.Grant(0);
        Assert.Equal(2040 * Millisecond, window.NextFree());

        window.Correct(number, 700 * Millisecond);

        Assert.Equal(2740 * Millisecond, window.NextFree());
    }

    [Fact]
    public void EarlierMoment_ShiftsNothing()
    {
        var window = new CallWindow(new CallLimit(1, TimeSpan.FromSeconds(2)), TimeSpan.Zero);
        window.Correct(window.Grant(500 * Millisecond), 100 * Millisecond);

        Assert.Equal(2500 * Millisecond, window.NextFree());
    }

    [Fact]
    public void ForgottenCall_IsNotCorrected()
    {
        var window = new CallWindow(new CallLimit(2, TimeSpan.FromSeconds(1)), TimeSpan.Zero);
        var first = window.Grant(0);
        window.Grant(1000 * Millisecond);
        window.Grant(2000 * Millisecond);

        window.Correct(first, 9000 * Millisecond);

        Assert.Equal(2000 * Millisecond, window.NextFree());
    }

    [Fact]
    public void ShareOfNothing_IsNeverFree()
    {
        var window = new CallWindow(new CallLimit(5, TimeSpan.FromSeconds(1)), TimeSpan.Zero) { Share = 0 };

        Assert.Null(window.NextFree());
    }

    [Fact]
    public void Used_CountsTheTrailingPeriodOnly()
    {
        var window = new CallWindow(new CallLimit(3, TimeSpan.FromSeconds(1)), TimeSpan.Zero);
        window.Grant(0);
        window.Grant(600 * Millisecond);

        Assert.Equal(2, window.Used(999 * Millisecond));
        Assert.Equal(1, window.Used(1000 * Millisecond));
        Assert.Equal(0, window.Used(1600 * Millisecond));
    }

    private static int MostInAnyWindow(List<long> arrivals, long length)
    {
        var sorted = arrivals.Order().ToList();
        var most = 0;
        var first = 0;
        for (var last = 0; last < sorted.Count; last++)
        {
            while (sorted[last] - sorted[first] >= length)
            {
                first++;
            }

            most = Math.Max(most, last - first + 1);
        }

        return most;
    }
}
