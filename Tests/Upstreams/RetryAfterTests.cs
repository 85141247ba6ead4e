using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

public sealed class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("56", 56_000)]
    [InlineData("0", 0)]
    [InlineData("1.5", 1_500)]
    [InlineData(" 7 ", 7_000)]
    [InlineData("6m0s", 360_000)]
    [InlineData("120ms", 120)]
    [InlineData("33.023s", 33_023)]
    [InlineData("4h30m15s", 16_215_000)]
    [InlineData("Thu, 01 Jan 2026 12:01:30 GMT", 90_000)]
    [InlineData("2026-01-01T12:00:10Z", 10_000)]
    [InlineData("2026-01-01T13:00:10+01:00", 10_000)]
    public void EveryFormThatApisUse_IsRead(string text, double milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), RetryAfter.Parse(text, Now));

    [Theory]
    [InlineData("")]
    [InlineData("soon")]
    [InlineData("-5")]
    [InlineData("NaN")]
    [InlineData("5 parsecs")]
    [InlineData("1.2.3s")]
    [InlineData("m")]
    public void Nonsense_IsNull(string text) => Assert.Null(RetryAfter.Parse(text, Now));

    [Theory]
    [InlineData("Thu, 01 Jan 2026 11:00:00 GMT")]
    [InlineData("2020-01-01T00:00:00Z")]
    public void PastMoments_AreNoWait(string text) => Assert.Equal(TimeSpan.Zero, RetryAfter.Parse(text, Now));

    [Theory]
    [InlineData("99999999999999999999999999")]
    [InlineData("99999999999999999999999999h")]
    [InlineData("Fri, 31 Dec 9999 23:59:59 GMT")]
    public void AbsurdWaits_AreADay(string text) => Assert.Equal(TimeSpan.FromDays(1), RetryAfter.Parse(text, Now));

    [Fact]
    public void Milliseconds_GoBeforeSeconds()
    {
        using var response = Response(("Retry-After", "2"), ("retry-after-ms", "1234"));

        Assert.Equal(TimeSpan.FromMilliseconds(1234), RetryAfter.Of(response.Headers, Now));
    }

    [Fact]
    public void AbsurdMilliseconds_AreADay()
    {
        using var response = Response(("retry-after-ms", "99999999999999999999999999"));

        Assert.Equal(TimeSpan.FromDays(1), RetryAfter.Of(response.Headers, Now));
    }

    [Fact]
    public void UnreadableMilliseconds_LeaveTheSeconds()
    {
        using var response = Response(("retry-after-ms", "soon"), ("Retry-After", "3"));

        Assert.Equal(TimeSpan.FromSeconds(3), RetryAfter.Of(response.Headers, Now));
    }

    [Fact]
    public void NoHeader_IsNull()
    {
        using var response = Response();

        Assert.Null(RetryAfter.Of(response.Headers, Now));
    }

    [Theory]
    [InlineData("1767268830", 30)]
    [InlineData("1767268000", 0)]
    [InlineData("253402300799", 86_400)]
    public void EpochSecond_IsTheTimeUntilIt(string text, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), RetryAfter.UntilEpochSecond(text, Now));

    [Theory]
    [InlineData(null)]
    [InlineData("tomorrow")]
    [InlineData("99999999999999999999")]
    public void WhatIsNoEpochSecond_IsNull(string? text) => Assert.Null(RetryAfter.UntilEpochSecond(text, Now));

    private static HttpResponseMessage Response(params (string Name, string Value)[] headers)
    {
        var response = new HttpResponseMessage();
        foreach (var (name, value) in headers)
        {
            response.Headers.TryAddWithoutValidation(name, value);
        }

        return response;
    }
}
