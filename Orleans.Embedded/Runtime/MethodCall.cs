namespace Orleans.Runtime;

/// <summary>A call of a method that answers once.</summary>
internal sealed class MethodCall<TResult> : GrainCall
{
    private readonly GrainReference _target;
    private readonly GrainMethod<TResult> _method;
    private readonly object?[] _arguments;
    private readonly TaskCompletionSource<TResult> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CallCancellation? _cancellation;

    public MethodCall(GrainReference target, GrainMethod<TResult> method, object?[] arguments) : base(method.Traits)
    {
        (_target, _method, _arguments) = (target, method, arguments);
        if (method.TokenOf(arguments) is { CanBeCanceled: true } token)
            _cancellation = new CallCancellation(this, method, arguments, token);
    }

    public Task<TResult> Answer => _answer.Task;

    public override bool IsCompleted => _answer.Task.IsCompleted;

    public override GrainReference Target => _target;

    public override async Task RunAsync()
    {
        var activation = Activation!;
        TResult result = default!;
        Exception? error = null;
        // A caller that gave up while the call waited must not have it run: the other runtime drops such a message as well.
        if (!IsCompleted)
        {
            try
            {
                var task = _method.Invoke(activation.Instance, _arguments);
                await task;
                result = GrainMethod<TResult>.ResultOf(task);
            }
            catch (Exception e)
            {
                error = e;
            }
        }
        activation.OnEnded(this, error);
        _cancellation?.Forget();
        if (error is not null) TryFail(activation.ToCaller(error));
        else if (activation.Silo.Faults?.LosesResponse(this) is { } lost) TryFail(lost);
        else _answer.TrySetResult(result);
    }

    public override bool TryFail(Exception exception)
    {
        _cancellation?.Forget();
        return exception is OperationCanceledException ? _answer.TrySetFromTask(ThrowAsync(exception)) : _answer.TrySetException(exception);
    }

    public override string ToString() => $"{_method.Name} on {_target.Id}";

    /// <summary>Only an async method makes a task that is cancelled and yet rethrows the very exception.</summary>
    private static async Task<TResult> ThrowAsync(Exception exception)
    {
        await Task.FromException(exception);
        return default!;
    }
}
