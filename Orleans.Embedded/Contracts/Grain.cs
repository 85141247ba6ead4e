using Orleans.Runtime;

namespace Orleans;

/// <summary>
/// Base of all grain classes. An instance belongs to one activation, which runs its constructor, its calls, timers and continuations one at a time.
/// </summary>
public abstract class Grain : IAddressable
{
    private readonly Activation? _activation = Activation.Current;

    internal Activation Activation => _activation ?? throw new InvalidOperationException(
        $"{GetType().Name} was constructed outside of the grain runtime, so it has no key, timers or factory. Get it by IGrainFactory.GetGrain.");

    /// <summary>Usable on the grain's own turn only: code that has left it (Task.Run, ConfigureAwait(false)) injects <see cref="IGrainFactory"/>.</summary>
    protected IGrainFactory GrainFactory
    {
        get
        {
            Activation.RequireTurn($"{GetType().Name}.{nameof(GrainFactory)}", "Inject IGrainFactory into the constructor instead.");
            return Activation.Silo.Client;
        }
    }

    /// <summary>The services of this activation: a scope that ends with it.</summary>
    protected internal IServiceProvider ServiceProvider => Activation.Services;

    /// <summary>Asks for deactivation once the running calls have ended. Calls still queued go to the next activation.</summary>
    protected void DeactivateOnIdle() =>
        Activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, $"{nameof(DeactivateOnIdle)} was called."));

    /// <summary>Keeps an idle activation for at least this long from now; infinite for good, zero or less takes an earlier delay back.</summary>
    protected void DelayDeactivation(TimeSpan timeSpan) => Activation.DelayDeactivation(timeSpan);

    /// <summary>Runs after the state is loaded and before the first call. If it throws, the waiting calls fail with that exception.</summary>
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs after the last call, unless the process dies: nothing may depend on it. It must not call grains.</summary>
    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;
}
