namespace OrleansBulk.Hosting;

/// <summary>A silo as the runtime sees it.</summary>
/// <param name="Activations">Live grains by type; null where the runtime tells none.</param>
public sealed record SiloInfo(string Name, string Status, DateTimeOffset? StartedAt, IReadOnlyDictionary<string, int>? Activations);
