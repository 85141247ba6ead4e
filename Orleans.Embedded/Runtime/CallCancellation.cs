namespace Orleans.Runtime;

/// <summary>
/// Links the caller's token to the callee's. They are two: the caller is released at once, while the callee hears of it on its own turn,
/// so that what it registered on its token never runs beside it.
/// </summary>
internal sealed class CallCancellation
{
    private readonly GrainCall _call;
    private readonly CancellationTokenSource _callee = new();
    private readonly CancellationTokenRegistration _registration;

    public CallCancellation(GrainCall call, GrainMethod method, object?[] arguments, CancellationToken caller)
    {
        _call = call;
        method.ReplaceToken(arguments, _callee.Token);
        _registration = caller.UnsafeRegister(static (self, token) => ((CallCancellation)self!).OnCancelled(token), this);
    }

    /// <summary>The call has been answered: a long-lived token must not hold it.</summary>
    public void Forget() => _registration.Unregister();

    private void OnCancelled(CancellationToken token)
    {
        if (!_call.TryFail(new OperationCanceledException(token))) return;
        // Not taken in yet: then the call will find itself completed and not run.
        _call.Activation?.Scheduler.Post(_callee.Cancel);
    }
}
