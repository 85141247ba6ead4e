using OrleansBulk.Hooks.Models;

namespace OrleansBulk.Tests.Hooks;

/// <summary>Tokens a minute, by the configured limit and by what headers say.</summary>
public sealed class TokenWindowTests
{
    private static readonly long Second = TimeSpan.TicksPerSecond;

    [Fact]
    public void Tokens_AreNeverMoreThanTheLimit_InAnyMinute()
    {
        var window = new TokenWindow(1000);
        var random = new Random(7);
        var taken = new List<(long At, int Tokens)>();
        var now = 0L;
        for (var call = 0; call < 2000; call++)
        {
            var tokens = random.Next(1, 400);
            var wait = window.Take(tokens, now);
            if (wait > TimeSpan.Zero)
            {
                now += wait.Ticks;
                Assert.Equal(TimeSpan.Zero, window.Take(tokens, now));
            }

            taken.Add((now, tokens));
            now += random.Next(0, 4) * Second;
        }

        Assert.All(taken, first => Assert.InRange(taken.Where(other => other.At >= first.At && other.At < first.At + 60 * Second).Sum(other => other.Tokens), 1, 1000));
    }

    [Fact]
    public void WhatHeadersLeave_IsNotExceeded_UntilTheirReset()
    {
        var window = new TokenWindow(null);
        Assert.Equal(TimeSpan.Zero, window.Take(100, 0));
        Assert.Equal(TimeSpan.Zero, window.Take(100, 0));

        window.Learn(left: 450, TimeSpan.FromSeconds(20), mine: 100, Second); // another 100 are under way
        window.Answered(100);

        Assert.Equal(TimeSpan.Zero, window.Take(300, 2 * Second));
        Assert.Equal(TimeSpan.FromSeconds(18), window.Take(100, 3 * Second));
        Assert.Equal(TimeSpan.Zero, window.Take(5000, 21 * Second));
    }

    [Fact]
    public void TokensOfACallThatWasNotMade_AreThereForOthers()
    {
        var window = new TokenWindow(1000);
        Assert.Equal(TimeSpan.Zero, window.Take(600, 0));
        Assert.Equal(TimeSpan.Zero, window.Take(400, Second));
        Assert.NotEqual(TimeSpan.Zero, window.Take(400, 2 * Second));

        window.GiveBack(400, Second);

        Assert.Equal(TimeSpan.Zero, window.Take(400, 2 * Second));
        Assert.NotEqual(TimeSpan.Zero, window.Take(1, 2 * Second)); // the 600 still count
    }

    [Fact]
    public void TokensGivenBack_AreLeftAgainByTheHeadersToo()
    {
        var window = new TokenWindow(null);
        window.Learn(left: 500, TimeSpan.FromSeconds(20), mine: 0, 0);
        Assert.Equal(TimeSpan.Zero, window.Take(400, Second));

        window.GiveBack(400, Second);

        Assert.Equal(TimeSpan.Zero, window.Take(500, 2 * Second));
        Assert.NotEqual(TimeSpan.Zero, window.Take(1, 2 * Second));
    }

    [Fact]
    public void ACall_LargerThanTheLimit_NeverFits()
    {
        Assert.False(new TokenWindow(1000).Fits(1001));
        Assert.True(new TokenWindow(1000).Fits(1000));
        Assert.True(new TokenWindow(null).Fits(int.MaxValue));
    }
}
