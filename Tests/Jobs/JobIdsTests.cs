using OrleansBulk.Jobs;

namespace OrleansBulk.Tests.Jobs;

public sealed class JobIdsTests
{
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
