using OrleansBulk.Distribution;

namespace OrleansBulk.Tests.Distribution;

/// <summary>Times of day where clocks are changed.</summary>
public sealed class DailyTimeTests
{
    [Theory]
    [InlineData("06:30", "Europe/Berlin", "2026-06-10T04:00:00Z", "2026-06-10T04:30:00Z")]
    [InlineData("06:30", "Europe/Berlin", "2026-06-10T04:30:00Z", "2026-06-11T04:30:00Z")]
    [InlineData("06:30", "Europe/Berlin", "2026-12-10T05:00:00Z", "2026-12-10T05:30:00Z")]
    [InlineData("23:30", "America/New_York", "2026-06-10T02:00:00Z", "2026-06-10T03:30:00Z")]
    [InlineData("02:30", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z")] // 02:30 is skipped: 03:00 in summer time
    [InlineData("02:30", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z")] // 02:30 comes twice: the first
    [InlineData("02:30", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")] // and only the first
    [InlineData("00:00", "UTC", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z")]
    public void After_IsTheNextTimeThatComes(string at, string zone, string now, string next)
    {
        Assert.True(DailyTime.TryParse(at, zone, out var daily));

        Assert.Equal(DateTimeOffset.Parse(next), daily.After(DateTimeOffset.Parse(now)));
    }

    [Theory]
    [InlineData("2026-06-10T04:29:59Z", "2026-06-09")]
    [InlineData("2026-06-10T04:30:00Z", "2026-06-10")]
    [InlineData("2026-06-10T23:00:00Z", "2026-06-10")]
    public void LastDay_IsThatOfTheLastTimeThatCame(string now, string day)
    {
        Assert.True(DailyTime.TryParse("06:30", "Europe/Berlin", out var daily));

        Assert.Equal(DateOnly.Parse(day), daily.LastDay(DateTimeOffset.Parse(now)));
    }

    [Theory]
    [InlineData("6:30", "UTC")]
    [InlineData("24:00", "UTC")]
    [InlineData("06:30", "Nowhere/Here")]
    [InlineData(null, "UTC")]
    public void WhatIsNoTime_IsRefused(string? at, string zone) => Assert.False(DailyTime.TryParse(at, zone, out _));
}
