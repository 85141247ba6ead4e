using OrleansBulk.Simulator.Scenarios;

namespace OrleansBulk.Simulator.Calls;

/// <summary>What an upstream's own limits make of a call, where they are other ones than every upstream has.</summary>
/// <param name="Refused">Why it is turned away; null when it is let in.</param>
/// <param name="Reply">In which words.</param>
/// <param name="Headers">What is left, told with every answer.</param>
internal sealed record DoorAnswer(RefusalCause? Refused, Reply? Reply, IReadOnlyList<(string Name, string Value)> Headers);

/// <summary>Lets a call in or turns it away.</summary>
internal delegate DoorAnswer Door(UpstreamRules rules, string? token, DateTimeOffset now);
