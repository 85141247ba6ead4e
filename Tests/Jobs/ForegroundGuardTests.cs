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
    public void OnePerson_WhoseRequestsAreAllSlow_IsEnough()
    {
        var shares = new List<double>();
        for (var request = 0; request < 4; request++)
        {
            var waiting = _guard.Asked();
            _clock.Advance(TimeSpan.FromSeconds(1));
            waiting.End(TimeSpan.FromSeconds(1));
            shares.Add(_guard.Share);
            _clock.Advance(TimeSpan.FromSeconds(1)); // what was answered is read
            shares.Add(_guard.Share);
        }

        Assert.Equal(1, shares[3]);
        Assert.Equal(0.5, shares.Min());
    }

    [Fact]
    public void SlowOnesLongAgo_AreForgotten()
    {
        for (var request = 0; request < 6; request++)
        {
            _guard.Answered(Slow);
            _clock.Advance(TimeSpan.FromSeconds(11));
        }

        _guard.Answered(Quick);
        Assert.Equal(1, _guard.Share);
    }

    [Fact]
    public void RequestThatIsNotAnswered_CountsWhileItWaits()
    {
        var waiting = _guard.Asked();
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, _guard.Share); // it may soon be over
        _clock.Advance(TimeSpan.FromSeconds(1.5));
        Assert.Equal(0.5, _guard.Share); // nobody had to be answered for that
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(0.25, _guard.Share);

        waiting.End(TimeSpan.FromSeconds(5.5));
        waiting.End(TimeSpan.FromSeconds(5.5));
        _clock.Advance(Step * 6);
        Assert.Equal(1, _guard.Share);
    }

    [Fact]
    public void ManyThatWaitAtOnce_CountEach()
    {
        var waiting = Enumerable.Range(0, 3).Select(_ => _guard.Asked()).ToList();
        _clock.Advance(Step);
        Assert.Equal(0.5, _guard.Share);

        waiting.ForEach(request => request.End(Step)); // these have counted
        _guard.Asked().End(Quick);
        _clock.Advance(Step);
        Assert.Equal(0.625, _guard.Share);
    }

    [Fact]
    public void WhoHasSomethingOpen_IsThere_AndForTenSecondsMore()
    {
        _guard.Asked().End(Quick); // a program
        _guard.Answered(Quick);
        Assert.False(_guard.AreHere);

        _guard.Came();
        _guard.Came();
        _guard.Left();
        _clock.Advance(TimeSpan.FromMinutes(10));
        Assert.True(_guard.AreHere);

        _guard.Left();
        _clock.Advance(TimeSpan.FromSeconds(9.9));
        Assert.True(_guard.AreHere);
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.False(_guard.AreHere);
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
