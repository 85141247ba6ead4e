using Orleans.Storage;

namespace Orleans.Runtime;

/// <summary>States, timers and enumerations: what an activation has of its own and what ends with it.</summary>
internal sealed partial class Activation
{
    // Written on the activation's turns only.
    private List<ILoadOnActivation>? _states;

    // Changed on the activation's turns or by whoever disposes, read by the sweep: guarded by _gate.
    private HashSet<GrainTimer>? _timers;
    private List<Enumeration>? _enumerations;

    /// <summary>A class that is always active, or a timer that keeps it alive, holds it even while it is idle.</summary>
    private bool IsHeld => Class.CollectionAge is null || _timers?.Any(t => t.Has(CallTraits.KeepsAlive)) == true;

    public object AddState<TState>(PersistentStateAttribute attribute)
    {
        var name = attribute.StorageName ?? "Default";
        var storage = Services.GetKeyedService<IGrainStorage>(name) ?? throw new OrleansConfigurationException(
            $"{Class.Type.Name} wants its state '{attribute.StateName}' in storage '{name}', but no IGrainStorage is registered under that key.");
        var state = new PersistentState<TState>(this, attribute.StateName, storage);
        (_states ??= []).Add(state);
        return state;
    }

    /// <summary>Ends the enumerations whose reader has not asked since <paramref name="since"/>.</summary>
    public void AbortAbandoned(long since)
    {
        if (_enumerations is null) return;
        lock (_gate)
        {
            foreach (var enumeration in _enumerations)
            {
                if (enumeration.AskedLast < since) Scheduler.Post(() => enumeration.AbortIfAbandoned(since));
            }
        }
    }

    public void Add(Enumeration enumeration)
    {
        lock (_gate) (_enumerations ??= []).Add(enumeration);
    }

    public void Remove(Enumeration enumeration)
    {
        lock (_gate) _enumerations?.Remove(enumeration);
    }

    public GrainTimer RegisterTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        RequireTurn("RegisterGrainTimer", "Register it from the grain's own methods.");
        var timer = new GrainTimer(this, callback, options);
        lock (_gate) (_timers ??= []).Add(timer);
        timer.Change(options.DueTime, options.Period);
        return timer;
    }

    public void Remove(GrainTimer timer)
    {
        lock (_gate) _timers?.Remove(timer);
    }

    private async Task LoadStatesAsync()
    {
        if (_states is null) return;
        foreach (var state in _states) await state.ReadStateAsync(Silo.Aborted);
    }

    private void DisposeTimers()
    {
        foreach (var timer in Copy(_timers)) timer.Dispose();
    }

    private void AbortEnumerations()
    {
        foreach (var enumeration in Copy(_enumerations)) enumeration.Abort("the activation that fed it ended");
    }

    private async Task CloseEnumerationsAsync()
    {
        foreach (var enumeration in Copy(_enumerations)) await enumeration.CloseAsync();
    }

    /// <summary>Each of them takes itself off the list as it ends.</summary>
    private T[] Copy<T>(ICollection<T>? list)
    {
        if (list is null) return [];
        lock (_gate) return [.. list];
    }
}
