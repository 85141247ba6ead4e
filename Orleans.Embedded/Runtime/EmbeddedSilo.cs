using System.Collections.Frozen;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Hosting;

namespace Orleans.Runtime;

/// <summary>
/// The grains of one process: delivers calls, and sweeps over the activations for time-outs and idleness (<c>EmbeddedSilo.Sweep.cs</c>).
/// It runs from the start to the stop of its host, once.
/// </summary>
public sealed partial class EmbeddedSilo : IHostedService, IDisposable
{
    /// <summary>How often a call moves on to a next activation before it is turned away, as under the other runtime.</summary>
    private const int MostForwards = 2;

    private enum Stage { New, Running, Stopping, Stopped }

    private readonly ILogger<EmbeddedSilo> _logger;
    private readonly GrainClass[] _classes;
    private readonly CancellationTokenSource _aborted = new();
    private readonly long _timeoutTicks;
    private readonly ITimer _sweepTimer;
    private volatile Stage _stage;

    public EmbeddedSilo(IServiceProvider services, IOptions<EmbeddedGrainOptions> options, TimeProvider clock, ILogger<EmbeddedSilo> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);
        (Services, Options, Clock, _logger) = (services, options.Value, clock, logger);
        Faults = Options.FaultInjection is { } faults ? new FaultInjector(faults) : null;
        Ceiling = new IdleCeiling(Options.MaxIdleActivations);
        _timeoutTicks = Ticks(Options.ResponseTimeout);

        var classes = GrainTypes.ClassesOf(Options.GrainAssemblies);
        var interfaces = GrainTypes.InterfacesOf(classes);
        ContractCheck.Verify(interfaces.Keys, classes, GrainTypes.ExceptionsOf(Options.GrainAssemblies, interfaces.Keys));
        var byType = classes.ToDictionary(type => type, type => new GrainClass(this, type));
        _classes = [.. byType.Values];
        var references = interfaces.ToFrozenDictionary(pair => pair.Key, pair => GrainReference.Prototype(this, pair.Key, byType[pair.Value]));
        Client = new EmbeddedClient(services, references);

        _sweepTimer = clock.CreateTimer(_ => Sweep(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many activations live now, per grain type.</summary>
    public IReadOnlyDictionary<string, int> CountActivations() => _classes.ToDictionary(c => c.GrainType.ToString(), c => c.Count);

    internal IServiceProvider Services { get; }

    internal EmbeddedGrainOptions Options { get; }

    internal TimeProvider Clock { get; }

    internal EmbeddedClient Client { get; }

    internal FaultInjector? Faults { get; }

    internal IdleCeiling Ceiling { get; }

    /// <summary>Cancelled when the host gives up waiting for a graceful stop.</summary>
    internal CancellationToken Aborted => _aborted.Token;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _stage = Stage.Running;
        LogStarted(_classes.Length);
        SetSweep();
        return Task.CompletedTask;
    }

    /// <summary>Lets running calls end and refuses the others. When the token is cancelled, what still runs is abandoned.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stage != Stage.Running) return;
        _stage = Stage.Stopping;
        LogStopping();
        try
        {
            // Again until none is left: a call that was on its way may have created one meanwhile.
            while (All().FirstOrDefault() is not null)
            {
                var ending = All().ToArray();
                foreach (var activation in ending) activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ShuttingDown, "The silo is stopping."));
                await Task.WhenAll(ending.Select(a => a.Gone)).WaitAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            LogStopCutShort(CountAll());
            await _aborted.CancelAsync();
        }
        _stage = Stage.Stopped;
        foreach (var activation in All()) activation.FailExpired(long.MaxValue, call => Unavailable(call));
    }

    public void Dispose()
    {
        _stage = Stage.Stopped;
        _sweepTimer.Dispose();
    }

    internal long After(TimeSpan delay) => Clock.GetTimestamp() + Ticks(delay);

    /// <summary>Sends a call on its way; whatever becomes of it is answered through the call.</summary>
    internal void Send(GrainCall call)
    {
        call.Deadline = Clock.GetTimestamp() + _timeoutTicks;
        if (Faults?.Rejects(call) is { } rejection) call.TryFail(rejection);
        else Deliver(call);
    }

    /// <summary>Sends a call that its activation did not come to.</summary>
    internal void Forward(GrainCall call)
    {
        if (++call.Forwards <= MostForwards) Deliver(call);
        else call.TryFail(new OrleansMessageRejectionException($"Forwarding failed: {call} met {call.Forwards} activations that ended before it ran."));
    }

    private void Deliver(GrainCall call)
    {
        var target = call.Target!;
        while (_stage == Stage.Running)
        {
            if (target.Class.GetOrAdd(target.Key).TryReceive(call)) return;
        }
        call.TryFail(Unavailable(call));
    }

    private SiloUnavailableException Unavailable(GrainCall call) => new(_stage == Stage.New
        ? $"{call} came before the silo had started. Register what calls grains while it starts after AddEmbeddedGrains."
        : $"{call} came to a silo that is stopping or has stopped.");

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * Clock.TimestampFrequency);

    private IEnumerable<Activation> All() => _classes.SelectMany(c => c.Activations);

    private int CountAll() => _classes.Sum(c => c.Count);
}
