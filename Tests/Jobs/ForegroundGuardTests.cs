using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Jobs;

/// <summary>How far background work gives way to people.</summary>
public sealed class ForegroundGuardTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(300);

    private readonly ManualTime _clock = new();
    private readonly ForegroundGuard _guard;

    public ForegroundGuardTests() => _guard = new ForegroundGuard(new ForegroundOptions(), _clock);

    [Fact]
    public void SlowRequests_HalveTheShare_DownToAnEighth_AndQuietRaisesItAgain()
    {
        Assert.Equal((1, 100), (_guard.Share, _guard.Of(100)));
        foreach (var share in new[] { 0.5, 0.25, 0.125, 0.125 })
        {
            Answer(Slow, Slow, Slow, Quick);
            Assert.Equal(share, _guard.Share);
        }

        Assert.Equal((12, 1), (_guard.Of(100), _guard.Of(3)));
        _clock.Advance(Step * 4); // nobody asks for anything
        Assert.Equal(0.625, _guard.Share);
        Answer(Quick, Quick, Quick, Quick);
        Assert.Equal(0.75, _guard.Share);
        _clock.Advance(Step * 100);
        Assert.Equal((1, 100), (_guard.Share, _guard.Of(100)));
    }

    [Theory]
    [InlineData(2, 0)] // too few to tell
    [InlineData(1, 4)] // one of five
    [InlineData(0, 100)]
    public void FewSlowOnes_ChangeNothing(int slow, int quick)
    {
        Answer([.. Enumerable.Repeat(Slow, slow), .. Enumerable.Repeat(Quick, quick)]);

        Assert.Equal(1, _guard.Share);
    }

    [Fact]
    public void OptionsOutOfRange_AreRefusedByName() =>
        Assert.Contains("Foreground:Slow is 00:00:00", Assert.Throws<InvalidOperationException>(new ForegroundOptions { Slow = TimeSpan.Zero }.Validate).Message, StringComparison.Ordinal);

    private void Answer(params TimeSpan[] requests)
    {
        foreach (var took in requests)
        {
            _guard.Answered(took);
        }

        _clock.Advance(Step);
        _guard.Answered(Quick); // whoever comes next finds the step made
    }
}
