using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Jobs;

/// <summary>How work that nobody waits for goes beside people.</summary>
public sealed class BackgroundPaceTests
{
    private readonly ManualTime _clock = new();
    private readonly ForegroundGuard _people;
    private readonly BackgroundPace _pace;

    public BackgroundPaceTests()
    {
        _people = new ForegroundGuard(new ForegroundOptions(), _clock);
        _pace = new BackgroundPace(_people, _clock);
    }

    [Fact]
    public void WithNobodyThere_NothingIsHeld()
    {
        using var one = Begin().Result;
        using var another = Begin().Result;

        Assert.False(_pace.IsHeld);
    }

    [Fact]
    public void WithSomebodyThere_PiecesComeOneAtATime_AndRestNineTimesAsLongAsTheyTook()
    {
        _people.Answered(TimeSpan.FromMilliseconds(5));
        var first = Begin();
        var second = Begin();
        Assert.Equal((true, true, false), (_pace.IsHeld, first.IsCompleted, second.IsCompleted));

        _clock.Advance(TimeSpan.FromMilliseconds(10));
        first.Result.Dispose();
        _clock.Advance(TimeSpan.FromMilliseconds(89));
        Assert.False(second.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.True(second.Wait(TimeSpan.FromMinutes(1)));
        second.Result.Dispose();
    }

    [Fact]
    public void AfterALongPiece_TheRestIsTwoSeconds()
    {
        _people.Answered(TimeSpan.FromMilliseconds(5));
        var first = Begin();
        _clock.Advance(TimeSpan.FromSeconds(5));
        first.Result.Dispose();
        var second = Begin();
        Assert.False(second.IsCompleted);

        _clock.Advance(TimeSpan.FromSeconds(2));

        Assert.True(second.Wait(TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public void WhenPeopleHaveGone_WorkGoesAtFullSpeedAgain()
    {
        _people.Answered(TimeSpan.FromMilliseconds(5));
        Begin().Result.Dispose();
        _clock.Advance(TimeSpan.FromSeconds(10));

        Assert.False(_pace.IsHeld);
        using var one = Begin().Result;
        using var another = Begin().Result;
    }

    [Fact]
    public async Task WhoIsToldToStopWhileItWaits_LeavesThePlaceToOthers()
    {
        _people.Answered(TimeSpan.FromMilliseconds(5));
        using var stop = new CancellationTokenSource();
        var first = Begin();
        _clock.Advance(TimeSpan.FromMilliseconds(10));
        first.Result.Dispose();
        var resting = _pace.EnterAsync(stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => resting);
        var next = Begin();
        _clock.Advance(TimeSpan.FromMilliseconds(90));

        (await next).Dispose();
    }

    private Task<BackgroundPace.Turn> Begin() => _pace.EnterAsync(CancellationToken.None).AsTask();
}
