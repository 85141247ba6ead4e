using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Scenarios;

namespace OrleansBulk.Simulator.Faults;

/// <summary>The faults of one upstream, in the order of the scenario: the first that strikes a call decides it.</summary>
internal sealed class FaultPlan
{
    private readonly FaultTrigger[] _triggers;

    /// <summary>A fault that was already in <paramref name="earlier"/> goes on counting; a new one starts now.</summary>
    public FaultPlan(IReadOnlyList<Fault> faults, FaultPlan? earlier, long now)
    {
        var known = new List<FaultTrigger>(earlier?._triggers ?? []);
        _triggers = [.. faults.Select(fault =>
        {
            var place = known.FindIndex(trigger => trigger.Fault == fault);
            if (place < 0) return new FaultTrigger(fault, now);
            var trigger = known[place];
            known.RemoveAt(place);
            return trigger;
        })];
        KeepsAnswers = faults.Any(fault => fault.Kind == FaultKind.Repeated);
    }

    /// <summary>A fault may want the answer before, so answers are kept.</summary>
    public bool KeepsAnswers { get; }

    public Fault? Pick(Question question, long call, string upstream, long seed, TimeProvider clock, long now)
    {
        for (var i = 0; i < _triggers.Length; i++)
            if (_triggers[i].Strikes(question, call, $"{upstream}/fault/{i}", seed, clock, now)) return _triggers[i].Fault;
        return null;
    }
}
