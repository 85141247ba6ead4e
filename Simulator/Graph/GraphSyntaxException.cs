namespace OrleansBulk.Simulator.Graph;

/// <summary>A query that is no GraphQL; the message says what was found where.</summary>
internal sealed class GraphSyntaxException(string message) : Exception(message);
