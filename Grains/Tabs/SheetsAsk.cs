using OrleansBulk.Upstreams;

namespace OrleansBulk.Tabs;

/// <summary>One ask of the sync, which may take several calls: what it may spend, what it has spent.</summary>
internal sealed class SheetsAsk(CallBudget budget, TimeProvider time, CancellationToken cancellationToken)
{
    private readonly long _started = time.GetTimestamp();
    private CallCost _cost = CallCost.None;

    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>What is left of the time to wait.</summary>
    public CallBudget Budget => budget with { WaitAtMost = budget.WaitAtMost - time.GetElapsedTime(_started) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero };

    public CallResult Count(CallResult result)
    {
        _cost += result.Cost;
        return result;
    }

    /// <summary>The ask's end, with the cost of all its calls.</summary>
    public CallResult End(CallResult result) => result with { Cost = _cost };
}
