using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

public sealed class AdaptiveConcurrencyTests
{
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);

    [Fact]
    public void Begins_AtTheCeiling()
    {
        Assert.Equal(100, new AdaptiveConcurrency(100).Limit);
        Assert.False(new AdaptiveConcurrency(100).IsBelowCeiling);
    }

    [Fact]
    public void Struggle_TakesThreeTenths()
    {
        var adaptive = new AdaptiveConcurrency(100);

        adaptive.Struggled(0, Round);

        Assert.Equal(70, adaptive.Limit);
        Assert.True(adaptive.IsBelowCeiling);
    }

    [Fact]
    public void FailuresOfOneRound_CountOnce()
    {
        var adaptive = new AdaptiveConcurrency(100);
        for (var i = 0; i < 50; i++)
        {
            adaptive.Struggled(i, Round);
        }

        Assert.Equal(70, adaptive.Limit);

        adaptive.Struggled(Round.Ticks, Round);

        Assert.Equal(49, adaptive.Limit);
    }

    [Fact]
    public void GoodRound_AddsOne()
    {
        var adaptive = new AdaptiveConcurrency(100);
        adaptive.Struggled(0, Round);

        for (var i = 0; i < 71; i++)
        {
            adaptive.Succeeded();
        }

        Assert.Equal(71, adaptive.Limit);
    }

    [Fact]
    public void Restart_DoublesWithEachGoodRound()
    {
        var adaptive = new AdaptiveConcurrency(100);
        adaptive.Restart();
        var limits = new List<int> { adaptive.Limit };
        while (adaptive.IsBelowCeiling)
        {
            for (var calls = adaptive.Limit; calls > 0; calls--)
            {
                adaptive.Succeeded();
            }

            limits.Add(adaptive.Limit);
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 100], limits);
    }

    [Fact]
    public void StruggleWhileRamping_EndsTheDoubling()
    {
        var adaptive = new AdaptiveConcurrency(100);
        adaptive.Restart();
        for (var i = 0; i < 9; i++)
        {
            adaptive.Succeeded();
        }

        adaptive.Struggled(0, Round);
        adaptive.Succeeded();

        Assert.Equal(7, adaptive.Limit);
    }

    [Fact]
    public void Limit_StaysBetweenOneAndTheCeiling_WhateverHappens()
    {
        var random = new Random(7);
        var adaptive = new AdaptiveConcurrency(10);
        var seen = new HashSet<int>();
        for (long now = 0; now < 100_000; now++)
        {
            switch (random.Next(100))
            {
                case < 2:
                    adaptive.Struggled(now * TimeSpan.TicksPerSecond, Round);
                    break;
                case 2:
                    adaptive.Restart();
                    break;
                default:
                    adaptive.Succeeded();
                    break;
            }

            Assert.InRange(adaptive.Limit, 1, 10);
            seen.Add(adaptive.Limit);
        }

        Assert.Contains(1, seen);
        Assert.Contains(10, seen);
    }
}
