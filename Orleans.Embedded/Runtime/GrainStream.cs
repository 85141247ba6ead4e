namespace Orleans.Runtime;

/// <summary>What a reference returns for a method that yields a sequence. Each enumeration of it is a new one on the grain.</summary>
internal sealed class GrainStream<T>(GrainReference target, GrainStreamMethod<T> method, object?[] arguments) : IAsyncEnumerable<T>
{
    public GrainReference Target => target;

    public GrainStreamMethod<T> Method => method;

    public object?[] Arguments => arguments;

    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default) => new GrainStreamReader<T>(this, cancellationToken);
}

/// <summary>The reader's side of an enumeration: asks for the next items when those at hand are used up.</summary>
internal sealed class GrainStreamReader<T> : IAsyncEnumerator<T>
{
    private readonly GrainStream<T> _stream;
    private readonly CancellationTokenSource _reader;
    private (List<T> Items, bool Ended) _fetched = ([], false);
    private int _index;

    public GrainStreamReader(GrainStream<T> stream, CancellationToken cancellationToken)
    {
        _stream = stream;
        _reader = CancellationTokenSource.CreateLinkedTokenSource(stream.Method.TokenOf(stream.Arguments), cancellationToken);
    }

    /// <summary>Set by the first step, on the grain's turn.</summary>
    public Enumeration<T>? Enumeration { get; set; }

    public GrainStream<T> Stream => _stream;

    public T Current => _fetched.Items[_index];

    public async ValueTask<bool> MoveNextAsync()
    {
        if (++_index < _fetched.Items.Count) return true;
        if (_fetched.Ended) return false;
        var token = _reader.Token;
        token.ThrowIfCancellationRequested();
        var step = new GrainStreamStep<T>(this);
        await using (token.UnsafeRegister(static (step, token) => ((GrainStreamStep<T>)step!).TryFail(new OperationCanceledException(token)), step))
        {
            if (Enumeration is null) _stream.Target.Silo.Send(step);
            else if (!Enumeration.Activation.TryReceive(step))
                step.TryFail(new EnumerationAbortedException($"The activation of {step} has ended. Enumerate anew."));
            _fetched = ([], true);
            _fetched = await step.Answer;
        }
        _index = 0;
        return _fetched.Items.Count > 0;
    }

    public async ValueTask DisposeAsync()
    {
        _reader.Dispose();
        if (Enumeration is { } enumeration) await enumeration.LeaveAsync();
    }
}

/// <summary>One request of a reader for the next items. It has no time-out while it runs: a sequence may be quiet for long.</summary>
internal sealed class GrainStreamStep<T>(GrainStreamReader<T> reader)
    : GrainCall(CallTraits.Interleaves | CallTraits.KeepsAlive | (reader.Enumeration is null ? CallTraits.None : CallTraits.Bound))
{
    private readonly TaskCompletionSource<(List<T>, bool)> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override GrainReference Target => reader.Stream.Target;

    public Task<(List<T> Items, bool Ended)> Answer => _answer.Task;

    public override bool IsCompleted => _answer.Task.IsCompleted;

    public override async Task RunAsync()
    {
        var activation = Activation!;
        Deadline = long.MaxValue;
        (List<T>, bool) next = default;
        Exception? error = null;
        if (!IsCompleted)
        {
            try
            {
                var enumeration = reader.Enumeration ??= new Enumeration<T>(activation, reader.Stream.Method, reader.Stream.Arguments);
                if (activation.Silo.Faults?.AbortsStream() == true) enumeration.Abort("fault injection");
                next = await enumeration.NextAsync();
            }
            catch (Exception e)
            {
                error = e;
            }
        }
        activation.OnEnded(this, error);
        if (error is null) _answer.TrySetResult(next);
        else TryFail(activation.ToCaller(error));
    }

    public override bool TryFail(Exception exception)
    {
        if (!_answer.TrySetException(exception)) return false;
        // Nobody will read on. On the turn, because only there it is certain whether the enumeration has begun.
        Activation?.Scheduler.Post(() => _ = reader.Enumeration?.CloseAsync());
        return true;
    }

    public override string ToString() => $"{reader.Stream.Method.Name} on {Target.Id}";
}
