using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

public sealed class CallLimitTests
{
    [Fact]
    public void List_IsReadInOrder() => Assert.Equal(
        [new CallLimit(1, TimeSpan.FromSeconds(2)), new CallLimit(900, TimeSpan.FromMinutes(1)), new CallLimit(5000, TimeSpan.FromHours(1)), new CallLimit(3, TimeSpan.FromMilliseconds(250))],
        CallLimit.ParseList("1 per 2s, 900 per 1m,5000 per 1h , 3 per 250ms"));

    [Theory]
    [InlineData("none")]
    [InlineData(" None ")]
    public void None_IsNoLimit(string text) => Assert.Empty(CallLimit.ParseList(text));

    [Theory]
    [InlineData("")]
    [InlineData(",")]
    [InlineData("fast")]
    [InlineData("0 per 1s")]
    [InlineData("-1 per 1s")]
    [InlineData("100001 per 1s")]
    [InlineData("1 per 0s")]
    [InlineData("1 per 25h")]
    [InlineData("1 per 99999999999999999999h")]
    [InlineData("1 per s")]
    [InlineData("1 per 2")]
    [InlineData("1 per 2 fortnights")]
    [InlineData("1.5 per 2s")]
    [InlineData("1 per 2s, x")]
    public void AnythingElse_IsRefusedWithWhatIsWanted(string text) =>
        Assert.Contains("CALLS per DURATION", Assert.Throws<FormatException>(() => CallLimit.ParseList(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("1 per 2s", 0.5)]
    [InlineData("900 per 1m", 15)]
    public void PerSecond_IsTheRate(string text, double rate) => Assert.Equal(rate, CallLimit.ParseList(text)[0].PerSecond);

    [Fact]
    public void Text_CanBeReadAgain()
    {
        var limit = new CallLimit(900, TimeSpan.FromMinutes(1));

        Assert.Equal([limit], CallLimit.ParseList(limit.ToString()));
    }
}
