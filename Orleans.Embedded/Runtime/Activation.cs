namespace Orleans.Runtime;

/// <summary>
/// One grain in memory. Created → activating → active → deactivating → gone, never back; this part owns that life, <c>Activation.Calls.cs</c>
/// decides which call may run when, <c>Activation.Belongings.cs</c> keeps what ends with it.
/// </summary>
internal sealed partial class Activation
{
    private enum Stage { Created, Activating, Active, Deactivating, Gone }

    private readonly Lock _gate = new();

    // Guarded by _gate.
    private Stage _stage;
    private DeactivationReason _reason;
    private bool _wasActive;
    private long _lastUsed, _lastTouched;
    private long _keepUntil;
    private TaskCompletionSource? _gone;

    // Written on the activation's turns only.
    private Grain? _instance;
    private AsyncServiceScope? _scope;

    public Activation(EmbeddedSilo silo, GrainClass grainClass, string key)
    {
        (Silo, Class, Key) = (silo, grainClass, key);
        Scheduler = new TurnScheduler(this);
        _lastUsed = _lastTouched = silo.Clock.GetTimestamp();
    }

    /// <summary>The activation whose turn this code runs in, or null.</summary>
    public static Activation? Current => (TaskScheduler.Current as TurnScheduler)?.Activation;

    public EmbeddedSilo Silo { get; }

    public TurnScheduler Scheduler { get; }

    public GrainClass Class { get; }

    public string Key { get; }

    public GrainId Id => new(Class.GrainType, IdSpan.Create(Key));

    public Grain Instance => _instance!;

    public IServiceProvider Services => _scope!.Value.ServiceProvider;

    /// <summary>Belongs to <see cref="IdleCeiling"/>; null once the activation has ended.</summary>
    public LinkedListNode<Activation>? Place { get; set; }

    /// <summary>Ends when nothing of this activation is left. Made for those who ask: very few of very many are asked.</summary>
    public Task Gone
    {
        get
        {
            lock (_gate)
            {
                if (_stage == Stage.Gone) return Task.CompletedTask;
                return (_gone ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
        }
    }

    public void RequireTurn(string what, string instead)
    {
        if (ReferenceEquals(Current, this)) return;
        throw new InvalidOperationException(
            $"{what} was used off the turn of grain {Id}: after ConfigureAwait(false), in Task.Run or from another grain. {instead}");
    }

    public void DelayDeactivation(TimeSpan delay)
    {
        lock (_gate)
        {
            _keepUntil = delay == Timeout.InfiniteTimeSpan ? long.MaxValue : delay <= TimeSpan.Zero ? 0 : Silo.After(delay);
        }
    }

    /// <summary>How long it has been idle at <paramref name="now"/>; null when it is in use or must be kept. Unlocked, as a sweep looks at very many.</summary>
    public TimeSpan? IdleFor(long now) =>
        _stage == Stage.Active && HasNoCalls && _keepUntil <= now ? Silo.Clock.GetElapsedTime(_lastUsed, now) : null;

    /// <summary>Ends the activation if it is idle and not held; under the lock, so that no call can slip in between the look and the end.</summary>
    public bool DeactivateIfIdle(DeactivationReason reason)
    {
        lock (_gate)
        {
            if (IsHeld || IdleFor(Silo.Clock.GetTimestamp()) is null) return false;
            Deactivate(reason);
            return true;
        }
    }

    /// <summary>Lets running calls end, then ends the activation. What is asked for while it activates is done once it has activated.</summary>
    public void Deactivate(DeactivationReason reason)
    {
        lock (_gate)
        {
            if (_reason.ReasonCode == DeactivationReasonCode.None) _reason = reason;
            switch (_stage)
            {
                case Stage.Created:
                    _stage = Stage.Deactivating;
                    Scheduler.Post(Finish);
                    break;
                case Stage.Active:
                    _stage = Stage.Deactivating;
                    _wasActive = true;
                    // A step that has been admitted may yet begin an enumeration, before this.
                    if (IsRunning || _enumerations is not null) Scheduler.Post(AbortEnumerations);
                    if (!IsRunning) Scheduler.Post(Finish);
                    break;
                default:
                    break;
            }
        }
    }

    private void Start() => _ = ActivateAsync();

    private async Task ActivateAsync()
    {
        try
        {
            _scope = Silo.Services.CreateAsyncScope();
            _instance = Class.Create(this);
            await LoadStatesAsync();
            await _instance.OnActivateAsync(Silo.Aborted);
        }
        catch (Exception e)
        {
            Silo.LogActivationFailed(e, Id);
            lock (_gate)
            {
                _reason = new DeactivationReason(DeactivationReasonCode.ActivationFailed, e, "Failed to activate grain.");
                _stage = Stage.Deactivating;
            }
            await FinishAsync(ExceptionBoundary.Cross(e));
            return;
        }

        lock (_gate)
        {
            if (_reason.ReasonCode == DeactivationReasonCode.None)
            {
                _stage = Stage.Active;
                AdmitAll();
                return;
            }
            _stage = Stage.Deactivating;
        }
        await FinishAsync(null);
    }

    private void Finish() => _ = FinishAsync(null);

    /// <param name="failure">Why the activation failed; its waiting calls fail alike. Null: they move on to the next activation.</param>
    private async Task FinishAsync(Exception? failure)
    {
        DisposeTimers();
        await CloseEnumerationsAsync();
        if (_wasActive) await TryAsync(_instance!.OnDeactivateAsync);
        await TryAsync(DisposeAsync);

        Class.Remove(this);
        GrainCall? waiting;
        lock (_gate)
        {
            _stage = Stage.Gone;
            waiting = TakeWaiting();
        }
        _instance = null;
        for (var call = waiting; call is not null; call = waiting)
        {
            waiting = call.Next;
            call.Next = null;
            if (call.Has(CallTraits.Bound)) call.TryFail(new EnumerationAbortedException($"The activation of grain {Id} that fed it ended."));
            else if (failure is null) Silo.Forward(call);
            else call.TryFail(failure);
        }
        _gone?.TrySetResult();
    }

    /// <summary>A grain that fails to end must still make room for its next activation.</summary>
    private async Task TryAsync(Func<DeactivationReason, CancellationToken, Task> end)
    {
        try
        {
            await end(_reason, Silo.Aborted).WaitAsync(Silo.Options.DeactivationTimeout, Silo.Clock, Silo.Aborted);
        }
        catch (Exception e)
        {
            Silo.LogDeactivationFailed(e, Id, _reason.ReasonCode);
        }
    }

    private async Task DisposeAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_instance is IAsyncDisposable disposable) await disposable.DisposeAsync();
        else (_instance as IDisposable)?.Dispose();
        if (_scope is { } scope) await scope.DisposeAsync();
    }
}
