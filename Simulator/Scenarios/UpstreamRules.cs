using System.Collections.Frozen;
using OrleansBulk.Simulator.Faults;
using OrleansBulk.Simulator.Limits;

namespace OrleansBulk.Simulator.Scenarios;

/// <summary>
/// An upstream's part of the scenario with the counts that it needs. What a change of the scenario leaves as it was keeps its counts: a
/// new fault does not refill a quota.
/// </summary>
internal sealed class UpstreamRules
{
    public UpstreamRules(UpstreamScenario scenario, UpstreamRules? earlier, long now)
    {
        Scenario = scenario;
        Limiter = scenario.Limit is not { } limit ? null : limit == earlier?.Scenario.Limit ? earlier.Limiter : new CallLimiter(limit);
        Quotas = scenario.Quota is not { } quota ? null : quota == earlier?.Scenario.Quota ? earlier.Quotas : new QuotaLedger(quota);
        Chats = scenario.Chat is not { } chat ? null : ReferenceEquals(chat.Keys, earlier?.Scenario.Chat?.Keys) || Same(chat.Keys, earlier?.Scenario.Chat?.Keys) ? earlier!.Chats : new ChatLedger(chat.Keys);
        Faults = new FaultPlan(scenario.Faults, earlier?.Faults, now);
        RefusedTokens = scenario.RefusedTokens.ToFrozenSet();
        Memory = earlier?.Memory ?? new UpstreamMemory();
    }

    public UpstreamScenario Scenario { get; }

    public CallLimiter? Limiter { get; }

    public QuotaLedger? Quotas { get; }

    public ChatLedger? Chats { get; }

    public FaultPlan Faults { get; }

    public FrozenSet<string> RefusedTokens { get; }

    public UpstreamMemory Memory { get; }

    private static bool Same(IReadOnlyDictionary<string, ChatKey> keys, IReadOnlyDictionary<string, ChatKey>? before) =>
        before is not null && before.Count == keys.Count && keys.All(key => before.TryGetValue(key.Key, out var limits) && limits == key.Value);
}
