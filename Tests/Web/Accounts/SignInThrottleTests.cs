using System.Globalization;
using System.Net;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Accounts;

public sealed class SignInThrottleTests
{
    private static readonly IPAddress Home = IPAddress.Parse("192.0.2.1");

    private readonly ManualClock _clock = new();
    private readonly SignInThrottle _throttle;

    public SignInThrottleTests() => _throttle = new(_clock);

    [Fact]
    public void ManyAttemptsAtOnce_GetNoMoreThanTheFreeOnes()
    {
        var admitted = 0;
        Parallel.For(0, 200, i =>
        {
            if (_throttle.Admit("admin", IPAddress.Parse($"198.51.100.{i}")) == TimeSpan.Zero)
            {
                Interlocked.Increment(ref admitted);
            }
        });

        Assert.Equal(SignInThrottle.ByName.Free, admitted);
    }

    [Fact]
    public void Name_WaitsNoLongerThanAMinute_HoweverOftenItIsGuessedAt()
    {
        var longest = TimeSpan.Zero;
        for (var i = 0; i < 100; i++)
        {
            var wait = _throttle.Admit("admin", IPAddress.Parse($"198.51.100.{i}"));
            longest = wait > longest ? wait : longest;
            _clock.Advance(wait);
        }

        Assert.Equal(SignInThrottle.ByName.Longest, longest);
    }

    [Fact]
    public void Address_ThatTriesManyNames_Waits()
    {
        for (var i = 0; i < SignInThrottle.ByAddress.Free; i++)
        {
            Assert.Equal(TimeSpan.Zero, _throttle.Admit(i.ToString(CultureInfo.InvariantCulture), Home));
        }

        Assert.Equal(SignInThrottle.ByAddress.First, _throttle.Admit("another", Home));
        Assert.Equal(TimeSpan.Zero, _throttle.Admit("another", IPAddress.Parse("192.0.2.2")));
    }

    [Fact]
    public void AddressesOfOneIPv6Network_CountAsOne_AndMappedIPv4AsItself()
    {
        for (var i = 0; i < SignInThrottle.ByAddress.Free; i++)
        {
            _throttle.Admit($"six-{i}", IPAddress.Parse($"2001:db8:1:2::{i + 1:x}"));
            _throttle.Admit($"four-{i}", Home.MapToIPv6());
        }

        Assert.True(_throttle.Admit("x", IPAddress.Parse("2001:db8:1:2:ffff::1")) > TimeSpan.Zero);
        Assert.True(_throttle.Admit("x", Home) > TimeSpan.Zero);
        Assert.Equal(TimeSpan.Zero, _throttle.Admit("x", IPAddress.Parse("2001:db8:1:3::1")));
        Assert.Equal(TimeSpan.Zero, _throttle.Admit("x", IPAddress.Parse("198.51.100.1").MapToIPv6()));
    }

    [Fact]
    public void Success_FreesTheName_AndLeavesTheAddressItsFailures()
    {
        for (var i = 0; i < SignInThrottle.ByAddress.Free - 1; i++)
        {
            Assert.Equal(TimeSpan.Zero, _throttle.Admit($"other-{i}", Home));
        }

        for (var round = 0; round < 100; round++)
        {
            Assert.Equal(TimeSpan.Zero, _throttle.Admit("me", Home));
            _throttle.Succeeded("me", Home);
        }

        Assert.Equal(TimeSpan.Zero, _throttle.Admit("last", Home));
        Assert.True(_throttle.Admit("me", Home) > TimeSpan.Zero);
    }

    [Fact]
    public void Failures_AreForgottenAfterAQuietTime()
    {
        for (var i = 0; i < SignInThrottle.ByName.Free; i++)
        {
            _throttle.Admit("admin", IPAddress.Parse($"198.51.100.{i}"));
        }

        _clock.Advance(SignInThrottle.ByName.Memory);
        for (var i = 0; i < SignInThrottle.ByName.Free; i++)
        {
            Assert.Equal(TimeSpan.Zero, _throttle.Admit("admin", IPAddress.Parse($"198.51.101.{i}")));
        }
    }

    [Fact]
    public void Memory_IsBounded_AndAFloodOfNamesDoesNotFreeTheLastOnes()
    {
        for (var i = 0; i < SignInThrottle.MostEntries; i++)
        {
            _throttle.Admit($"flood-{i}", IPAddress.Parse($"10.{i >> 16}.{(i >> 8) & 255}.{i & 255}"));
            _clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        for (var i = 0; i < SignInThrottle.ByName.Free; i++)
        {
            _throttle.Admit("admin", IPAddress.Parse($"198.51.100.{i}"));
        }

        Assert.InRange(_throttle.Entries, 1, SignInThrottle.MostEntries);
        Assert.True(_throttle.Admit("admin", IPAddress.Parse("198.51.100.200")) > TimeSpan.Zero);
    }
}
