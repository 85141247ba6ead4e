namespace OrleansBulk;

/// <summary>This process cannot start. The message is for the operator: what is wrong, what was found, what to do.</summary>
public sealed class SiloStartException(string message, Exception? cause = null) : Exception(message, cause);
