using System.Collections.Frozen;
using OrleansBulk.Simulator.Nppes;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Scenarios;

/// <summary>The scenario, with the worlds and rules made from it. Replaced as a whole, so a call sees one or the other, never a mixture.</summary>
internal sealed record ScenarioInForce(Scenario Scenario, ProfileWorld World, ProfileWorld EarlierWorld, NppesWorld Nppes, FrozenDictionary<string, UpstreamRules> Rules);

/// <summary>Holds the scenario in force. Calls read it without a lock; changes come one at a time.</summary>
internal sealed class ScenarioStore(Scenario first, TimeProvider clock)
{
    private readonly Lock _changing = new();
    private volatile ScenarioInForce _current = Enforce(first, null, clock.GetTimestamp());

    public ScenarioInForce Current => _current;

    /// <summary>The defaults with <paramref name="document"/> over them; limits, quotas and faults count from zero.</summary>
    public Scenario Replace(string document) => Set(_ => ScenarioJson.Merge(new Scenario(), document), anew: true);

    /// <summary>The scenario in force with <paramref name="document"/> over it; what it leaves as it was goes on counting.</summary>
    public Scenario Change(string document) => Set(current => ScenarioJson.Merge(current, document));

    public Scenario Set(Func<Scenario, Scenario> change, bool anew = false)
    {
        lock (_changing)
        {
            var scenario = change(_current.Scenario);
            ScenarioRules.Check(scenario);
            _current = Enforce(scenario, anew ? null : _current, clock.GetTimestamp());
            return scenario;
        }
    }

    private static ScenarioInForce Enforce(Scenario scenario, ScenarioInForce? earlier, long now)
    {
        var world = new ProfileWorld(scenario.Seed, scenario.Revision, scenario.ChangedPerRevision);
        var rules = scenario.Upstreams.ToFrozenDictionary(entry => entry.Key, entry => new UpstreamRules(entry.Value, earlier?.Rules.GetValueOrDefault(entry.Key), now));
        return new ScenarioInForce(scenario, world, world.At(Math.Max(0, scenario.Revision - 1)), NppesWorld.Of(scenario, earlier?.Nppes), rules);
    }
}
