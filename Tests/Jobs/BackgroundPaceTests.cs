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
    public async Task WithNobodyThere_NothingIsHeld()
    {
        using var one = await Begin();
        using var another = await Begin();

        Assert.False(_pace.IsHeld);
    }

    [Fact]
    public async Task WithSomebodyThere_PiecesComeOneAtATime_AndRestNineTimesAsLongAsTheyTook()
    {
        _people.Came();
        _people.Left();
        var first = Begin();
        var second = Begin();
        Assert.Equal((true, true, false), (_pace.IsHeld, first.IsCompleted, second.IsCompleted));

        _clock.Advance(TimeSpan.FromMilliseconds(10));
        (await first).Dispose();
        _clock.Advance(TimeSpan.FromMilliseconds(89));
        Assert.False(second.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));

        (await second).Dispose();
    }

    [Fact]
    public async Task AfterALongPiece_TheRestIsTwoSeconds()
    {
        _people.Came();
        _people.Left();
        var first = Begin();
        _clock.Advance(TimeSpan.FromSeconds(5));
        (await first).Dispose();
        var second = Begin();
        Assert.False(second.IsCompleted);

        _clock.Advance(TimeSpan.FromSeconds(2));

        (await second).Dispose();
    }

    [Fact]
    public async Task WhenPeopleHaveGone_WorkGoesAtFullSpeedAgain()
    {
        _people.Came();
        _people.Left();
        (await Begin()).Dispose();
        _clock.Advance(TimeSpan.FromSeconds(10));

        Assert.False(_pace.IsHeld);
        using var one = await Begin();
        using var another = await Begin();
    }

    [Fact]
    public async Task WhoIsToldToStopWhileItWaits_LeavesThePlaceToOthers()
    {
        _people.Came();
        _people.Left();
        using var stop = new CancellationTokenSource();
        var first = Begin();
        _clock.Advance(TimeSpan.FromMilliseconds(10));
        (await first).Dispose();
        var resting = _pace.EnterAsync(stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => resting);
        var next = Begin();
        _clock.Advance(TimeSpan.FromMilliseconds(90));

        (await next).Dispose();
    }

    private Task<BackgroundPace.Turn> Begin() => _pace.EnterAsync(CancellationToken.None).AsTask();
}
