using OrleansBulk.Web.Api;
using OrleansBulk.Web.Pages.Jobs;

namespace OrleansBulk.Tests.Web.Jobs;

public sealed class ProgressBarTests
{
    [Theory]
    [InlineData(0, 0, 0, 0, 0)]
    [InlineData(1, 0, 0, 0, 1)]
    [InlineData(999_997, 3, 0, 0, 1_000_000)]
    [InlineData(3, 999_997, 0, 0, 1_000_000)]
    [InlineData(1, 1, 1, 1, 4)]
    [InlineData(1, 1, 1, 1, 1_000_000)]
    [InlineData(333, 333, 333, 1, 1000)]
    [InlineData(8, 0, 0, 0, 5)] // more came than was expected
    public void EveryKindThatOccurs_IsSeen_AndNothingGoesBeyondTheEnd(long succeeded, long failed, long skipped, long cancelled, long submitted)
    {
        var parts = ProgressBar.Parts(Progress(succeeded, failed, skipped, cancelled, submitted));

        Assert.Equal(
            new[] { ("succeeded", succeeded), ("skipped", skipped), ("cancelled", cancelled), ("failed", failed) }.Where(kind => kind.Item2 > 0).Select(kind => kind.Item1),
            parts.Select(part => part.Kind));
        Assert.All(parts, part => Assert.True(part.Width >= 2, $"{part} cannot be seen."));
        var end = 0;
        foreach (var part in parts)
        {
            Assert.Equal(end, part.From);
            end += part.Width;
        }

        Assert.InRange(end, 0, ProgressBar.Length);
    }

    [Theory]
    [InlineData(5, 0, 5)]
    [InlineData(4, 1, 5)]
    [InlineData(999_999, 1, 1_000_000)]
    public void JobWithNothingPending_FillsTheBar(long succeeded, long failed, long submitted) =>
        Assert.Equal(ProgressBar.Length, ProgressBar.Parts(Progress(succeeded, failed, 0, 0, submitted)).Sum(part => part.Width));

    [Fact]
    public void Width_IsTheShare() =>
        Assert.InRange(ProgressBar.Parts(Progress(250, 0, 0, 0, 1000)).Single().Width, 248, 256);

    private static JobProgressView Progress(long succeeded, long failed, long skipped, long cancelled, long submitted) =>
        new("running", submitted, submitted, succeeded, failed, skipped, cancelled, submitted - succeeded - failed - skipped - cancelled, 0, 0, 0, null, null, 0, 0, 0);
}
