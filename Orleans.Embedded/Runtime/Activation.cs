using Orleans.Storage;

namespace Orleans.Runtime;

/// <summary>
/// One grain in memory: its instance, its place in life and what ends with it. Created → activating → active → deactivating → gone, never back.
/// This half owns the life; <c>Activation.Calls.cs</c> decides which call may run when.
/// </summary>
internal sealed partial class Activation
{
    private enum Stage { Created, Activating, Active, Deactivating, Gone }

    private readonly GrainClass _class;
    private readonly string _key;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guarded by _gate.
    private Stage _stage;
    private DeactivationReason _reason;
    private bool _wasActive;
    private long _lastUsed;
    private long _keepUntil;

    // Written on the activation's turns only.
    private Grain? _instance;
    private AsyncServiceScope? _scope;
    private List<ILoadOnActivation>? _states;

    public Activation(EmbeddedSilo silo, GrainClass grainClass, string key)
    {
        (Silo, _class, _key) = (silo, grainClass, key);
        Scheduler = new TurnScheduler(this);
        _lastUsed = silo.Clock.GetTimestamp();
    }

    /// <summary>The activation whose turn this code runs in, or null.</summary>
    public static Activation? Current => (TaskScheduler.Current as TurnScheduler)?.Activation;

    public EmbeddedSilo Silo { get; }

    public TurnScheduler Scheduler { get; }

    public GrainClass Class => _class;

    public string Key => _key;

    public GrainId Id => new(_class.GrainType, IdSpan.Create(_key));

    public Grain Instance => _instance!;

    public IServiceProvider Services => _scope!.Value.ServiceProvider;

    /// <summary>Ends when nothing of this activation is left.</summary>
    public Task Gone => _gone.Task;

    public void RequireTurn(string what, string instead)
    {
        if (ReferenceEquals(Current, this)) return;
        throw new InvalidOperationException(
            $"{what} was used off the turn of grain {Id}: after ConfigureAwait(false), in Task.Run or from another grain. {instead}");
    }

    public object AddState<TState>(PersistentStateAttribute attribute)
    {
        var name = attribute.StorageName ?? "Default";
        var storage = Services.GetKeyedService<IGrainStorage>(name) ?? throw new OrleansConfigurationException(
            $"{_class.Type.Name} wants its state '{attribute.StateName}' in storage '{name}', but no IGrainStorage is registered under that key.");
        var state = new PersistentState<TState>(this, attribute.StateName, storage);
        (_states ??= []).Add(state);
        return state;
    }

    public void DelayDeactivation(TimeSpan delay)
    {
        lock (_gate)
        {
            _keepUntil = delay == Timeout.InfiniteTimeSpan ? long.MaxValue : delay <= TimeSpan.Zero ? 0 : Silo.After(delay);
        }
    }

    /// <summary>
    /// How long it has been idle at <paramref name="now"/>; null when it is in use or must be kept. Unlocked, for a sweep looks at very
    /// many: <see cref="DeactivateIfIdle"/> looks again.
    /// </summary>
    public TimeSpan? IdleFor(long now) =>
        _stage == Stage.Active && HasNoCalls && _keepUntil <= now ? Silo.Clock.GetElapsedTime(_lastUsed, now) : null;

    /// <summary>Ends the activation if it still is idle, so that no call can slip in between the look and the end.</summary>
    public void DeactivateIfIdle(DeactivationReason reason)
    {
        lock (_gate)
        {
            if (_stage == Stage.Active && HasNoCalls) Deactivate(reason);
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
                    Scheduler.Post(AbortEnumerations);
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
            _instance = _class.Create(this);
            foreach (var state in _states ?? []) await state.ReadStateAsync(Silo.Aborted);
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

        _class.Remove(this);
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
        _gone.TrySetResult();
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
