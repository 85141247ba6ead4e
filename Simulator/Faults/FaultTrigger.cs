using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Scenarios;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Faults;

/// <summary>Decides for one fault which calls it strikes; counts the calls that it looked at.</summary>
/// <param name="since">Timestamp at which the fault came into the scenario.</param>
internal sealed class FaultTrigger(Fault fault, long since)
{
    private long _looked;

    public Fault Fault => fault;

    public bool Strikes(Question question, long call, string area, long seed, TimeProvider clock, long now)
    {
        if (!LooksAt(question) || !IsTime(clock.GetElapsedTime(since, now).TotalSeconds)) return false;
        var looked = Interlocked.Increment(ref _looked);
        if (fault.NextCalls is { } next && looked > next) return false;
        if (fault.EveryNth is { } nth && looked % nth != 0) return false;
        return fault.Probability is not { } probability || Draw.For(seed, area, fault.Kind.ToString(), call).Chance(probability);
    }

    private bool IsTime(double seconds) => seconds >= (fault.FromSeconds ?? 0) && seconds < (fault.UntilSeconds ?? double.PositiveInfinity);

    private bool LooksAt(Question question)
    {
        if (fault.Operation is { } operation && !string.Equals(operation, question.Operation, StringComparison.OrdinalIgnoreCase)) return false;
        if (fault.HandlePrefix is not { } prefix) return true;
        foreach (var key in question.Keys)
            if (key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
