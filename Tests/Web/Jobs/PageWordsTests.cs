using OrleansBulk.Web.Pages;

namespace OrleansBulk.Tests.Web.Jobs;

public sealed class PageWordsTests
{
    [Theory]
    [InlineData(0, 0, "0 s")]
    [InlineData(5, 8, "5 to 8 s")]
    [InlineData(50, 130, "50 s to 2 min")]
    [InlineData(130, 200, "2 to 3 min")]
    [InlineData(120, 170, "2 min")]
    [InlineData(3500, 7300, "58 min to 2 h")]
    [InlineData(80_000, 400_000, "22 h to 4 days")]
    public void Range_SaysTheUnitOnce_WhereBothHaveIt(long low, long high, string expected) => Assert.Equal(expected, PageWords.Range(low, high));

    [Theory]
    [InlineData(0.04, "0.0 s")]
    [InlineData(2.46, "2.5 s")]
    [InlineData(12.9, "12 s")]
    [InlineData(75, "1 min 15 s")]
    [InlineData(120, "2 min")]
    [InlineData(3661, "1 h 1 min")]
    [InlineData(200_000, "2 days 7 h")]
    [InlineData(-1, "0.0 s")]
    public void Took_SaysTheTwoLargestUnits(double seconds, string expected) => Assert.Equal(expected, PageWords.Took(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Number_IsGrouped() => Assert.Equal("1,234,567", PageWords.Number(1_234_567));

    [Fact]
    public void Ago_IsRough_AndTheExactTimeIsInItsTitle()
    {
        var at = new DateTimeOffset(2026, 1, 31, 13, 5, 9, TimeSpan.FromHours(1));

        Assert.Equal(
            "<time datetime=\"2026-01-31T12:05:09.0000000Z\" title=\"2026-01-31 12:05:09 UTC\">3 min ago</time>",
            PageWords.Ago(at, at.AddSeconds(200)).ToString());
        Assert.Equal(PageWords.Nothing, PageWords.Ago(null, at).ToString());
    }
}
