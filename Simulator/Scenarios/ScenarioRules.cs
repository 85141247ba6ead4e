using OrleansBulk.Simulator.Nppes;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Scenarios;

/// <summary>What a scenario's values may be.</summary>
internal static class ScenarioRules
{
    private static readonly int[] Refusals = [200, 403, 429, 503];

    /// <exception cref="InvalidScenarioException">Names the first member out of range, what it is and what it may be.</exception>
    public static void Check(Scenario scenario)
    {
        Require(scenario.Revision is >= 0 and <= 1000, "revision", scenario.Revision, "0 to 1000");
        Require(scenario.ChangedPerRevision is >= 0 and <= 1, "changedPerRevision", scenario.ChangedPerRevision, "0 to 1");
        Check(scenario.Nppes);
        foreach (var (key, upstream) in scenario.Upstreams)
        {
            Require(Platforms.All.Contains(key), "upstreams", key, string.Join(", ", Platforms.All));
            Require(upstream is not null, $"upstreams.{key}", null, "an object");
            Check(key, upstream!);
        }
    }

    private static void Check(NppesScenario nppes)
    {
        Require(nppes is not null, "nppes", null, "an object");
        Require(nppes!.Providers is >= 0 and <= 1_000_000, "nppes.providers", nppes.Providers, "0 to 1000000");
        Require(nppes.States is not null, "nppes.states", null, "an object; it may be empty");
        foreach (var (state, count) in nppes.States!)
        {
            Require(NppesStates.Knows(state), "nppes.states", state, "two letters of a state");
            Require(count is >= 0 and <= 1_000_000, $"nppes.states.{state}", count, "0 to 1000000");
        }
        Require(nppes.Taxonomies is not null, "nppes.taxonomies", null, "a list; it may be empty");
        foreach (var code in nppes.Taxonomies!) Require(NppesTaxonomy.All.Any(known => known.Code == code), "nppes.taxonomies", code, string.Join(", ", NppesTaxonomy.All.Select(known => known.Code)));
        Require(nppes.PostalCode is null || (nppes.PostalCode.Length == 5 && nppes.PostalCode.All(char.IsAsciiDigit)), "nppes.postalCode", nppes.PostalCode, "five digits");
        Require(nppes.Deactivated is >= 0 and <= 1, "nppes.deactivated", nppes.Deactivated, "0 to 1");
        Require(nppes.WrongCheckDigits is >= 0 and <= 1, "nppes.wrongCheckDigits", nppes.WrongCheckDigits, "0 to 1");
        Require(nppes.MaxLimit >= 1, "nppes.maxLimit", nppes.MaxLimit, "1 or more");
        Require(nppes.MaxSkip >= 0, "nppes.maxSkip", nppes.MaxSkip, "0 or more");
    }

    private static void Check(string key, UpstreamScenario upstream)
    {
        if (upstream.Latency is { } latency)
        {
            Require(latency.MeanMs is >= 0 and <= 3_600_000, $"upstreams.{key}.latency.meanMs", latency.MeanMs, "0 to 3600000");
            Require(latency.SpreadMs is >= 0 and <= 3_600_000, $"upstreams.{key}.latency.spreadMs", latency.SpreadMs, "0 to 3600000");
        }
        if (upstream.Limit is { } limit)
        {
            Require(limit.Calls >= 1, $"upstreams.{key}.limit.calls", limit.Calls, "1 or more; the limit may be null");
            Require(limit.PerSeconds is > 0 and <= 86_400, $"upstreams.{key}.limit.perSeconds", limit.PerSeconds, "above 0, to 86400");
            Require(Refusals.Contains(limit.Status), $"upstreams.{key}.limit.status", limit.Status, "200, 403, 429 or 503");
        }
        if (upstream.Concurrency is { } concurrency)
        {
            Require(concurrency.Max >= 1, $"upstreams.{key}.concurrency.max", concurrency.Max, "1 or more; the concurrency may be null");
            Require(Refusals.Contains(concurrency.Status), $"upstreams.{key}.concurrency.status", concurrency.Status, "200, 403, 429 or 503");
        }
        if (upstream.Quota is { } quota)
        {
            Require(quota.Limit >= 0 && quota.AnonymousLimit >= 0, $"upstreams.{key}.quota.limit", Math.Min(quota.Limit, quota.AnonymousLimit), "0 or more");
            Require(quota.WindowSeconds is > 0 and <= 86_400, $"upstreams.{key}.quota.windowSeconds", quota.WindowSeconds, "above 0, to 86400");
            Require(quota.Status is 403 or 429, $"upstreams.{key}.quota.status", quota.Status, "403 or 429");
        }
        if (upstream.Chat is { } chat)
        {
            Require(chat.FirstTokenMs is >= 0 and <= 3_600_000, $"upstreams.{key}.chat.firstTokenMs", chat.FirstTokenMs, "0 to 3600000");
            Require(chat.TokensPerSecond is >= 0 and <= 1_000_000, $"upstreams.{key}.chat.tokensPerSecond", chat.TokensPerSecond, "0 to 1000000");
            Require(chat.Keys.Values.All(limits => limits is { RequestsPerMinute: null or >= 1, TokensPerMinute: null or >= 1 }), $"upstreams.{key}.chat.keys", null, "keys with limits of 1 or more, or null");
        }
        Require(upstream.Chat is not null == key is Platforms.OpenAi or Platforms.Anthropic, $"upstreams.{key}.chat", upstream.Chat, "an object at openai and anthropic, null elsewhere");
        Require(upstream.RefusedTokens is not null, $"upstreams.{key}.refusedTokens", null, "a list; it may be empty");
        Require(upstream.Faults is not null, $"upstreams.{key}.faults", null, "a list; it may be empty");
        for (var i = 0; i < upstream.Faults!.Count; i++) Check($"upstreams.{key}.faults[{i}]", upstream.Faults[i]);
    }

    private static void Check(string path, Fault fault)
    {
        Require(fault is not null, path, null, "an object");
        Require(fault!.Probability is null or (> 0 and <= 1), $"{path}.probability", fault.Probability, "above 0, to 1");
        Require(fault.EveryNth is null or >= 1, $"{path}.everyNth", fault.EveryNth, "1 or more");
        Require(fault.NextCalls is null or >= 0, $"{path}.nextCalls", fault.NextCalls, "0 or more");
        if (fault.Kind == FaultKind.OverLimit) Require(fault.Status is null || Refusals.Contains(fault.Status.Value), $"{path}.status", fault.Status, "200, 403, 429 or 503");
        else Require(fault.Status is null or (>= 400 and <= 599), $"{path}.status", fault.Status, "400 to 599");
        Require(fault.DurationMs is >= 0 and <= 3_600_000, $"{path}.durationMs", fault.DurationMs, "0 to 3600000");
        var needsField = fault.Kind is FaultKind.MissingField or FaultKind.RenamedField;
        Require(!needsField || !string.IsNullOrEmpty(fault.Field), $"{path}.field", fault.Field, "the name of a field");
        Require(fault.Kind != FaultKind.RenamedField || !string.IsNullOrEmpty(fault.To), $"{path}.to", fault.To, "the field's new name");
    }

    private static void Require(bool holds, string member, object? found, string allowed)
    {
        if (!holds) throw new InvalidScenarioException($"{member} is {found ?? "null"}; it must be {allowed}.");
    }
}
