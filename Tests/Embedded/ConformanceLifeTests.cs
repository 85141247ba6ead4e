using Orleans.Storage;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Embedded;

/// <summary>Activation, deactivation, state, timers and streams: the same claims for every runtime that the grains run on.</summary>
[Trait("Category", "Grains")]
public sealed class ConformanceLifeTests : IAsyncLifetime
{
    private readonly string _key = "life/" + Guid.NewGuid();
    private GrainCluster _cluster = null!;

    public async Task InitializeAsync() => _cluster = await GrainCluster.StartAsync();

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    private ILifeGrain Life => _cluster.Grains.GetGrain<ILifeGrain>(_key);

    private IStreamGrain Stream => _cluster.Grains.GetGrain<IStreamGrain>(_key);

    [Fact]
    public async Task Activation_PrecedesTheFirstCall()
    {
        await Life.WhoAsync();

        Assert.True(ConformanceGates.IsOpen(_key + "/activated"));
    }

    [Fact]
    public async Task FailedActivation_FailsTheCall_WithItsOwnException() =>
        Assert.Equal(7, (await Assert.ThrowsAsync<ConformanceException>(() => _cluster.Grains.GetGrain<IFailingActivationGrain>(_key).CallAsync())).Code);

    [Fact]
    public async Task DeactivateOnIdle_EndsTheActivation_AndTheNextCallGetsAnother()
    {
        var first = await Life.WhoAsync();

        await Life.DeactivateAsync();
        await ConformanceGates.PassAsync($"{_key}/deactivated/{DeactivationReasonCode.ApplicationRequested}");

        Assert.NotEqual(first, await Life.WhoAsync());
    }

    [Fact]
    public async Task StaleState_EndsTheActivation()
    {
        var first = await Life.WhoAsync();

        await Assert.ThrowsAsync<InconsistentStateException>(() => Life.FailStaleAsync());
        await ConformanceGates.PassAsync($"{_key}/deactivated/{DeactivationReasonCode.ApplicationError}");

        Assert.NotEqual(first, await Life.WhoAsync());
    }

    [Fact]
    public async Task State_OutlivesItsActivation_UntilCleared()
    {
        Assert.Equal("nothing", await Life.LoadAsync());
        await Life.SaveAsync("kept");

        await Life.DeactivateAsync();
        Assert.Equal("kept", await Life.LoadAsync());

        await Life.ClearAsync();
        await Life.DeactivateAsync();
        Assert.Equal("nothing", await Life.LoadAsync());
    }

    [Fact]
    public async Task Timer_Ticks_UntilDisposed()
    {
        await Life.StartTimerAsync(3);

        await ConformanceGates.PassAsync(_key + "/ticked");
    }

    [Fact]
    public async Task Stream_GivesAllItems_InOrder()
    {
        var items = new List<int>();
        await foreach (var item in Stream.CountAsync(1_000, CancellationToken.None)) items.Add(item);

        Assert.Equal(Enumerable.Range(1, 1_000), items);
    }

    [Fact]
    public async Task Stream_IsReadMoreThanOnce_FromItsBeginning()
    {
        var stream = Stream.CountAsync(3, CancellationToken.None);

        for (var i = 0; i < 2; i++)
        {
            var sum = 0;
            await foreach (var item in stream) sum += item;
            Assert.Equal(6, sum);
        }
    }

    [Fact]
    public async Task StreamLeftEarly_EndsItsIterator()
    {
        await foreach (var _ in Stream.QuietAsync(CancellationToken.None)) break;

        await ConformanceGates.PassAsync(_key + "/left");
    }

    [Fact]
    public async Task StreamCancelled_WhileItWaits_EndsBothSides()
    {
        using var cancellation = new CancellationTokenSource();
        var reader = Stream.QuietAsync(cancellation.Token).GetAsyncEnumerator(CancellationToken.None);
        Assert.True(await reader.MoveNextAsync());
        var waiting = reader.MoveNextAsync().AsTask();
        await ConformanceGates.PassAsync(_key + "/begun");

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await reader.DisposeAsync();
        await ConformanceGates.PassAsync(_key + "/left");
    }

    [Fact]
    public async Task FailingStream_ThrowsItsException_AfterTheItemsBeforeIt()
    {
        var items = 0;
        await Assert.ThrowsAsync<ConformanceException>(async () =>
        {
            await foreach (var _ in Stream.FailingAsync(CancellationToken.None)) items++;
        });

        Assert.Equal(2, items);
    }

    [Fact]
    public async Task Deactivation_AbortsTheStream()
    {
        await using var reader = Stream.QuietAsync(CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());

        await Stream.DeactivateAsync();

        await Assert.ThrowsAsync<EnumerationAbortedException>(() => reader.MoveNextAsync().AsTask());
        await ConformanceGates.PassAsync(_key + "/left");
    }
}
