namespace OrleansBulk.Upstreams;

/// <summary>What outlives an activation: until when a budget may be out at some silo.</summary>
[GenerateSerializer, Alias("OrleansBulk.UpstreamState")]
public sealed class UpstreamState
{
    [Id(0)] public DateTimeOffset BudgetOutUntil { get; set; }

    [Id(1)] public DateTimeOffset HoldOffUntil { get; set; }

    [Id(2)] public string? HoldOffReason { get; set; }
}

/// <summary>
/// Owns the budget of one upstream; <see cref="BudgetShares"/> divides it. A new activation does not know what its predecessor had given out (the process may have
/// been killed a moment ago), so it gives nothing until the last known lease and the period after it are over.
/// Limits that an operator lowered are read from the database when it starts, and written there before they hold.
/// </summary>
internal sealed class UpstreamGrain(
    [PersistentState("budget", StorageNames.Default)] IPersistentState<UpstreamState> state,
    UpstreamCatalog catalog,
    UpstreamLimitStore store,
    TimeProvider time) : Grain, IUpstreamGrain
{
    /// <summary>How long a lease lasts: long enough that a renewal costs nothing, short enough that a killed silo's share is soon free.</summary>
    private static readonly TimeSpan ValidFor = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(10);

    /// <summary>Longer periods are not waited out after a crash: an hour's quota is told by the upstream's own headers.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private BudgetShares _shares = null!;
    private LimitsInForce? _inForce; // null: as configured
    private DateTimeOffset _nothingUntil;

    private UpstreamOptions Options => catalog.Get(UpstreamKeys.Name(this.GetPrimaryKeyString()));

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var options = Options;
        var lowered = await store.FindAsync(options.Name, cancellationToken);
        var limited = lowered is null ? options : lowered.Of(options);
        _inForce = lowered is null ? null : limited.InForce();
        _shares = new BudgetShares(limited.Concurrency, limited.Limits, ValidFor, Turn, options.Timeout);
        var period = limited.Limits.Concat(options.Limits).Select(limit => limit.Per).DefaultIfEmpty(TimeSpan.Zero).Max();
        _nothingUntil = state.State.BudgetOutUntil + (period < LongestWait ? period : LongestWait);
    }

    public async Task<BudgetLease> RenewAsync(RenewLease request)
    {
        var now = time.GetUtcNow();
        if (now < _nothingUntil)
        {
            var wait = _nothingUntil - now;
            return Nothing(wait < ValidFor ? wait : ValidFor);
        }

        var lease = _shares.Renew(request, now) with { InForce = _inForce };
        if (lease.Concurrency > 0)
        {
            // Written before it is given: after a crash nobody may believe that less was out.
            state.State.BudgetOutUntil = now + ValidFor;
            await state.WriteStateAsync();
        }

        var holdOff = state.State.HoldOffUntil - time.GetUtcNow();
        return holdOff > TimeSpan.Zero ? lease with { HoldOff = holdOff, HoldOffReason = state.State.HoldOffReason } : lease;
    }

    public async Task ReleaseAsync(ReleaseLease request)
    {
        _shares.Release(request, time.GetUtcNow());
        if (_shares.IsIdle)
        {
            state.State.BudgetOutUntil = time.GetUtcNow();
            await state.WriteStateAsync();
        }
    }

    public async Task HoldOffAsync(HoldOff request)
    {
        var until = time.GetUtcNow() + request.For;
        if (until > state.State.HoldOffUntil)
        {
            state.State.HoldOffUntil = until;
            state.State.HoldOffReason = request.Reason;
            await state.WriteStateAsync();
        }
    }

    public async Task<LimitsInForce> SetLimitsAsync(SetLimits request)
    {
        var options = Options;
        var lowered = new LoweredLimits(options.Name, request.Concurrency, request.CallsPerSecond, request.By, time.GetUtcNow());
        await store.SaveAsync(lowered, CancellationToken.None); // first: what silos are told must hold after a restart too
        var limited = lowered.Of(options);
        _inForce = lowered.IsNone ? null : limited.InForce();
        _shares.Change(limited.Concurrency, limited.Limits);
        return limited.InForce();
    }

    private BudgetLease Nothing(TimeSpan askAgainAfter) => new(0, [], askAgainAfter, askAgainAfter, TimeSpan.Zero, null) { InForce = _inForce };
}
