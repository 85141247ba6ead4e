namespace Orleans.Runtime;

/// <summary>
/// One running enumeration, on the side of the activation that feeds it. It is used on the activation's turns only and ends with the
/// activation; whoever ends it, the iterator is disposed once, and only after its pending step has come back.
/// </summary>
internal abstract class Enumeration(Activation activation)
{
    private readonly CancellationTokenSource _cancellation = new();
    private string? _aborted;
    private Task? _closing;
    private long _askedLast = long.MaxValue;

    public Activation Activation => activation;

    /// <summary>When its reader last asked; "never too long ago" while a step runs. Read by the sweep.</summary>
    public long AskedLast
    {
        get => Volatile.Read(ref _askedLast);
        protected set => Volatile.Write(ref _askedLast, value);
    }

    /// <summary>Given to the grain's method; cancelled when the reader leaves or the activation ends.</summary>
    public CancellationToken Token => _cancellation.Token;

    /// <summary>Ends it so that the reader's pending or next step throws <see cref="EnumerationAbortedException"/>.</summary>
    public void Abort(string reason)
    {
        _aborted ??= reason;
        _ = CloseAsync();
    }

    /// <summary>Looks again, on the turn: the reader may have asked meanwhile.</summary>
    public void AbortIfAbandoned(long since)
    {
        if (AskedLast < since) Abort("its reader paused for longer than the response time-out");
    }

    public Task CloseAsync() => _closing ??= CloseOnceAsync();

    /// <summary>Closes it from the reader's side.</summary>
    public Task LeaveAsync() => Task.Factory.StartNew(CloseAsync, CancellationToken.None, TaskCreationOptions.None, activation.Scheduler).Unwrap();

    protected abstract Task DisposeIteratorAsync();

    /// <summary>Null as long as the enumeration is alive.</summary>
    protected EnumerationAbortedException? Aborted() =>
        _aborted is null ? null : new EnumerationAbortedException($"The enumeration from grain {activation.Id} was aborted: {_aborted}. Enumerate anew.");

    private async Task CloseOnceAsync()
    {
        // First back to the scheduler: cancelling resumes the pending step in place, which would then close a second time.
        await Task.Yield();
        try
        {
#pragma warning disable CA1849 // CancelAsync would run what the grain registered on the token off its turn.
            _cancellation.Cancel();
#pragma warning restore CA1849
            await DisposeIteratorAsync().WaitAsync(activation.Silo.Options.DeactivationTimeout, activation.Silo.Clock);
        }
        catch (Exception e)
        {
            // The reader is gone or gets an exception of its own; a failing iterator must not keep the activation.
            activation.Silo.LogEnumerationFailed(e, activation.Id);
        }
        activation.Remove(this);
    }
}

/// <inheritdoc cref="Enumeration"/>
internal sealed class Enumeration<T> : Enumeration
{
    /// <summary>Items that are ready are fetched together, as many as the other runtime fetches: a producer may be this far ahead.</summary>
    private const int MostReadyItems = 100;

    private readonly IAsyncEnumerator<T> _iterator;
    private Task<bool>? _pending;

    public Enumeration(Activation activation, GrainStreamMethod<T> method, object?[] arguments) : base(activation)
    {
        object?[] own = [.. arguments];
        method.ReplaceToken(own, Token);
        _iterator = method.Invoke(activation.Instance, own).GetAsyncEnumerator(Token);
        activation.Add(this);
    }

    /// <summary>The next items, one at least unless the sequence has ended.</summary>
    public async Task<(List<T> Items, bool Ended)> NextAsync()
    {
        AskedLast = long.MaxValue;
        var items = new List<T>(1);
        var alive = false;
        try
        {
            while (items.Count < MostReadyItems)
            {
                if (Aborted() is { } aborted) throw aborted;
                _pending ??= _iterator.MoveNextAsync().AsTask();
                // Also when it has failed already: first the items before the failure.
                if (!_pending.IsCompletedSuccessfully && items.Count > 0) break;
                var more = await _pending.WaitAsync(Token);
                _pending = null;
                if (!more) return (items, true);
                items.Add(_iterator.Current);
            }
            alive = true;
            return (items, false);
        }
        catch (OperationCanceledException) when (Aborted() is not null)
        {
            throw Aborted()!;
        }
        finally
        {
            AskedLast = Activation.Silo.Clock.GetTimestamp();
            if (!alive) await CloseAsync();
        }
    }

    protected override async Task DisposeIteratorAsync()
    {
        const ConfigureAwaitOptions Quietly = ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext;
        if (_pending is { } pending) await ((Task)pending).ConfigureAwait(Quietly);
        await _iterator.DisposeAsync();
    }
}
