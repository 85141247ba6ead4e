namespace OrleansBulk.Simulator.Scenarios;

/// <summary>A scenario that cannot be; the message says which member and what it may be.</summary>
public sealed class InvalidScenarioException(string message, Exception? inner = null) : Exception(message, inner);
