using System.Runtime.CompilerServices;
using Orleans.Hosting;

namespace OrleansBulk.Tests.Embedded;

/// <summary>Enumerations belong to their activation, and their iterator is never touched twice at once.</summary>
public sealed class StreamTests : EmbeddedSiloTest
{
    private readonly List<string> _log = [];

    private protected override void Configure(EmbeddedGrainOptions options) => options.CollectionAge = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task PendingStep_IsCancelledAndAwaited_BeforeTheIteratorIsDisposed()
    {
        await using var reader = Grain.StreamAsync(Probe.Stream(_ => new SlowToNotice(_log)), CancellationToken.None).GetAsyncEnumerator();
        var pending = reader.MoveNextAsync().AsTask();
        await Grain.RunBesideAsync(Probe.Nothing);

        await Grain.RunAsync(Probe.Script(grain => grain.EndWhenIdle()));

        await Assert.ThrowsAsync<EnumerationAbortedException>(() => pending.WaitAsync(Patience));
        Assert.Equal(["step begins", "step ends", "disposed"], _log);
        Assert.False(await reader.MoveNextAsync());
    }

    [Fact]
    public async Task StepThatHasNotBegun_WhenItsActivationEnds_IsAbortedToo()
    {
        await using var reader = Grain.StreamAsync(Probe.Stream(SilentAsync), CancellationToken.None).GetAsyncEnumerator();
        Task<bool>? first = null;
        await Grain.RunAsync(Probe.Script(grain =>
        {
            first = reader.MoveNextAsync().AsTask();
            grain.EndWhenIdle();
        }));

        await Assert.ThrowsAsync<EnumerationAbortedException>(() => first!.WaitAsync(Patience));
        await EventuallyAsync(() => Live == 0, "the activation's end");
    }

    [Fact]
    public async Task ReaderThatPausesTooLong_FindsItsEnumerationAborted()
    {
        await using var reader = Read();
        Assert.True(await reader.MoveNextAsync());

        Clock.Advance(TimeSpan.FromSeconds(32));
        await ConformanceGates.PassAsync(Key + "/left");

        await Assert.ThrowsAsync<EnumerationAbortedException>(() => reader.MoveNextAsync().AsTask().WaitAsync(Patience));
    }

    [Fact]
    public async Task WaitingReader_HoldsTheActivation_AndDoesNotTimeOut()
    {
        await using var reader = Read();
        Assert.True(await reader.MoveNextAsync());
        var pending = reader.MoveNextAsync().AsTask();
        // Work of an activation runs in order: once this call has, so has the reader's.
        await Grain.RunBesideAsync(Probe.Nothing);

        Clock.Advance(TimeSpan.FromHours(1));
        ConformanceGates.Open(Key);

        Assert.True(await pending.WaitAsync(Patience));
        Assert.Equal(2, reader.Current);
        Assert.Equal(1, Live);
    }

    [Fact]
    public async Task ReaderThatLeaves_LetsTheActivationGo()
    {
        await using (var reader = Read()) Assert.True(await reader.MoveNextAsync());
        await ConformanceGates.PassAsync(Key + "/left");

        Clock.Advance(TimeSpan.FromMinutes(2));

        await EventuallyAsync(() => Live == 0, "the activation's end");
    }

    [Fact]
    public async Task ReaderThatIsCancelled_BeforeTheGrainAnswers_LeavesNothingBehind()
    {
        using var cancellation = new CancellationTokenSource();
        var activating = new TaskCompletionSource();
        Probe.Activating[Key] = _ => activating.Task;
        var stream = Grain.StreamAsync(Probe.Stream(QuietAsync), CancellationToken.None);
        await using (var reader = stream.GetAsyncEnumerator(cancellation.Token))
        {
            var first = reader.MoveNextAsync().AsTask();
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.WaitAsync(Patience));
        }
        activating.SetResult();

        await Grain.RunAsync(Probe.Nothing);
        Assert.Empty(_log);
    }

    [Fact]
    public async Task ReadyItems_AreFetchedTogether_AHundredAtMost()
    {
        var produced = 0;
        await using var reader = Grain.StreamAsync(Probe.Stream(_ => EndlessAsync()), CancellationToken.None).GetAsyncEnumerator();

        Assert.True(await reader.MoveNextAsync());
        Assert.Equal(100, produced);

        async IAsyncEnumerable<int> EndlessAsync()
        {
            await Task.CompletedTask;
            while (true) yield return ++produced;
        }
    }

    [Fact]
    public async Task Iterator_RunsOnTheGrainsTurn()
    {
        var onTurn = new List<bool>();
        var id = Grain.GetGrainId();
        await foreach (var _ in Grain.StreamAsync(Probe.Stream(_ => TellAsync()), CancellationToken.None)) { }

        Assert.Equal([true, true, true], onTurn);

        async IAsyncEnumerable<int> TellAsync()
        {
            onTurn.Add(Activation.Current?.Id == id);
            await Task.Yield();
            onTurn.Add(Activation.Current?.Id == id);
            yield return 1;
            onTurn.Add(Activation.Current?.Id == id);
        }
    }

    private static async IAsyncEnumerable<int> SilentAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        yield return 1;
    }

    private IAsyncEnumerator<int> Read() => Grain.StreamAsync(Probe.Stream(QuietAsync), CancellationToken.None).GetAsyncEnumerator();

    private async IAsyncEnumerable<int> QuietAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            yield return 1;
            _log.Add("waits");
            await ConformanceGates.PassAsync(Key, cancellationToken);
            yield return 2;
        }
        finally
        {
            _log.Add("left");
            ConformanceGates.Open(Key + "/left");
        }
    }

    /// <summary>Its step ends some turns after it was cancelled: whoever disposed it at once would find it in use.</summary>
    private sealed class SlowToNotice(List<string> log) : IAsyncEnumerable<int>, IAsyncEnumerator<int>
    {
        private CancellationToken _token;

        public int Current => 0;

        public IAsyncEnumerator<int> GetAsyncEnumerator(CancellationToken cancellationToken = default)
        {
            _token = cancellationToken;
            return this;
        }

        public async ValueTask<bool> MoveNextAsync()
        {
            log.Add("step begins");
            await Task.Delay(Timeout.InfiniteTimeSpan, _token).ContinueWith(_ => { }, TaskScheduler.Current);
            for (var i = 0; i < 20; i++) await Task.Yield();
            log.Add("step ends");
            return false;
        }

        public ValueTask DisposeAsync()
        {
            log.Add("disposed");
            return ValueTask.CompletedTask;
        }
    }
}
