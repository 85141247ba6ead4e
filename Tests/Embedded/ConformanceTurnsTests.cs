using System.Collections.Immutable;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Embedded;

/// <summary>Turns, interleaving, cancellation and messages: the same claims for every runtime that the grains run on.</summary>
[Trait("Category", "Grains")]
public sealed class ConformanceTurnsTests : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly string _key = "turns/" + Guid.NewGuid();
    private GrainCluster _cluster = null!;

    public async Task InitializeAsync() => _cluster = await GrainCluster.StartAsync();

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    private ITurnsGrain Grain => _cluster.Grains.GetGrain<ITurnsGrain>(_key);

    [Fact]
    public async Task OneKey_IsOneActivation()
    {
        var counts = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => _cluster.Grains.GetGrain<ITurnsGrain>(_key).IncrementAsync()));

        Assert.Equal(Enumerable.Range(1, 200), counts.Order());
    }

    [Fact]
    public async Task Calls_DoNotInterleave_AtTheirAwaits()
    {
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Grain.IncrementSlowlyAsync()));

        Assert.Equal(200, await Grain.PeekAsync());
    }

    [Fact]
    public async Task AlwaysInterleave_RunsBesideACall_ThatHoldsTheGrain()
    {
        var held = Grain.HoldAsync(_key);
        await ConformanceGates.PassAsync(_key + "/begun");
        var waiting = Grain.IncrementAsync();

        Assert.Equal(0, await Grain.PeekAsync().WaitAsync(s_patience));
        Assert.False(waiting.IsCompleted);

        ConformanceGates.Open(_key);
        await held;
        Assert.Equal(1, await waiting);
    }

    [Fact]
    public async Task ReadOnlyCalls_RunSideBySide_AndOthersWaitForTheFirst()
    {
        var first = Grain.ReadAsync(_key + "/1");
        await ConformanceGates.PassAsync(_key + "/1/begun");
        var second = Grain.ReadAsync(_key + "/2");
        await ConformanceGates.PassAsync(_key + "/2/begun");
        var write = Grain.IncrementAsync();

        ConformanceGates.Open(_key + "/2");
        await second;
        Assert.False(write.IsCompleted);

        ConformanceGates.Open(_key + "/1");
        await first;
        Assert.Equal(1, await write);
    }

    [Fact]
    public async Task ReentrantGrain_CanCallItself() =>
        Assert.Equal(5, await _cluster.Grains.GetGrain<IReentrantGrain>(_key).CallSelfAsync(5).WaitAsync(s_patience));

    [Fact]
    public async Task Grain_CanCallAnotherGrain() => Assert.Equal(1, await Grain.CallOtherAsync(_key + "/other"));

    [Fact]
    public async Task Awaits_ComeBackToTheGrainsTurn() => Assert.True(await Grain.StaysOnItsTurnAsync());

    [Fact]
    public async Task FactoryProperty_OffTheTurn_IsRefused() => Assert.Equal("refused", await Grain.UseFactoryOffTurnAsync());

    [Fact]
    public async Task Key_IsTold_ByGrainAndReference()
    {
        Assert.Equal(new[] { _key, "job/other" }, await Grain.KeysAsync());
        Assert.Equal(_key, Grain.GetPrimaryKeyString());
    }

    [Fact]
    public async Task CancelledCall_ReleasesTheCaller_AndReachesTheCallee()
    {
        using var cancellation = new CancellationTokenSource();
        var call = Grain.WaitForCancellationAsync(_key, cancellation.Token);
        await ConformanceGates.PassAsync(_key + "/begun");

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(s_patience));
        await ConformanceGates.PassAsync(_key + "/left");
    }

    [Fact]
    public async Task CallCancelledBefore_DoesNotRun()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Grain.WaitForCancellationAsync(_key, new CancellationToken(canceled: true)));

        Assert.Equal(1, await Grain.IncrementAsync());
        Assert.False(ConformanceGates.IsOpen(_key + "/begun"));
    }

    [Fact]
    public async Task Messages_ArriveWhole()
    {
        var grain = _cluster.Grains.GetGrain<IMessagesGrain>(_key);
        var times = ImmutableDictionary<string, DateTimeOffset>.Empty.Add("a", DateTimeOffset.UnixEpoch);
        var note = new Note("text", [1, 2, 3], times) { Age = TimeSpan.FromHours(1) };

        var echo = await grain.EchoAsync(note);

        Assert.Equal((note.Text, note.Age), (echo.Text, echo.Age));
        Assert.Equal(note.Numbers.AsEnumerable(), echo.Numbers);
        Assert.Equal(note.Times.AsEnumerable(), echo.Times);
        Assert.Equal(new Circle(6), await grain.GrowAsync(new Circle(2), 3));
        Assert.Equal(new Square(6), await grain.GrowAsync(new Square(2), 3));
    }

    [Fact]
    public async Task Exceptions_WithSerializer_AndThoseOfTheSystem_CrossAsThemselves()
    {
        var grain = _cluster.Grains.GetGrain<IMessagesGrain>(_key);

        Assert.Equal(42, (await Assert.ThrowsAsync<ConformanceException>(() => grain.FailAsync("attributed"))).Code);
        Assert.Equal("argument", (await Assert.ThrowsAsync<ArgumentException>(() => grain.FailAsync("argument"))).Message);
        Assert.Equal("timeout", (await Assert.ThrowsAsync<TimeoutException>(() => grain.FailAsync("timeout"))).Message);
        Assert.Equal("invalid", (await Assert.ThrowsAsync<InvalidOperationException>(() => grain.FailAsync("invalid"))).Message);
    }
}
