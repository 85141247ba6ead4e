using OrleansBulk.Jobs;

namespace OrleansBulk.Tests.Jobs;

public sealed class JobIdsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void First_IsBelowEveryIdOfItsMoment_AndAboveThoseBefore()
    {
        var first = JobIds.First(Noon);

        Assert.All(Enumerable.Range(0, 100), _ => Assert.True(first.CompareTo(Guid.CreateVersion7(Noon)) <= 0));
        Assert.All(Enumerable.Range(0, 100), _ => Assert.True(first.CompareTo(Guid.CreateVersion7(Noon.AddMilliseconds(-1))) > 0));
    }

    [Theory]
    [InlineData("0197", "01970000-0000-0000-0000-000000000000", "0197ffff-ffff-ffff-ffff-ffffffffffff")]
    [InlineData("019700AB-c", "019700ab-c000-0000-0000-000000000000", "019700ab-cfff-ffff-ffff-ffffffffffff")]
    public void Range_IsWhatBeginsLikeTheText(string text, string lowest, string highest) =>
        Assert.Equal((Guid.Parse(lowest), Guid.Parse(highest)), JobIds.Range(text));

    [Theory]
    [InlineData("")]
    [InlineData("tea")]
    [InlineData("0123456789abcdef0123456789abcdef0")]
    public void Range_OfWhatIsNoId_IsNone(string text) => Assert.Equal((null, null), JobIds.Range(text));
}
