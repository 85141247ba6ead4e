using System.Reflection;

namespace Orleans.Hosting;

/// <summary>How the embedded silo treats calls and idle grains. Checked when the silo starts.</summary>
public sealed class EmbeddedGrainOptions
{
    /// <summary>The assemblies whose grain classes this silo runs.</summary>
    public ISet<Assembly> GrainAssemblies { get; } = new HashSet<Assembly>();

    /// <summary>
    /// How long a caller waits before <see cref="TimeoutException"/>; the callee runs on. Default 30 s, from 10 ms to a day. Kept to within a
    /// twentieth, a second at most.
    /// </summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long an activation may be idle before it ends; <see cref="CollectionAgeLimitAttribute"/> overrides it per class. Default 2 minutes,
    /// from 10 ms.
    /// </summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How often idle activations are looked for. Default 5 s, from 10 ms to <see cref="CollectionAge"/>.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Activations kept, over all classes, as long as idle ones among them can end: each further one ends the least recently used, to within
    /// a second. Default 20,000, at least 1.
    /// </summary>
    public int MaxIdleActivations { get; set; } = 20_000;

    /// <summary>How long <see cref="Grain.OnDeactivateAsync"/> may take before the activation is dropped without it. Default 30 s, from 10 ms.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Faults for chaos tests. Default null: none.</summary>
    public FaultInjectionOptions? FaultInjection { get; set; }

    internal TimeSpan? CollectionAgeOf(CollectionAgeLimitAttribute? limit)
    {
        if (limit?.AlwaysActive == true) return null;
        return FaultInjection?.CollectionAge ?? limit?.AgeLimit ?? CollectionAge;
    }

    /// <summary>What is wrong, each with the value found and the range wanted.</summary>
    internal IEnumerable<string> Problems()
    {
        var least = TimeSpan.FromMilliseconds(10);
        if (GrainAssemblies.Count == 0) yield return $"{nameof(GrainAssemblies)} is empty; name the assemblies that hold the grain classes.";
        if (ResponseTimeout < least || ResponseTimeout > TimeSpan.FromDays(1))
            yield return $"{nameof(ResponseTimeout)} is {ResponseTimeout}; it must be from 10 ms to a day.";
        if (CollectionAge < least) yield return $"{nameof(CollectionAge)} is {CollectionAge}; it must be 10 ms or more.";
        if (CollectionQuantum < least || CollectionQuantum > CollectionAge)
            yield return $"{nameof(CollectionQuantum)} is {CollectionQuantum}; it must be from 10 ms to {nameof(CollectionAge)}, {CollectionAge}.";
        if (MaxIdleActivations < 1) yield return $"{nameof(MaxIdleActivations)} is {MaxIdleActivations}; it must be 1 or more.";
        if (DeactivationTimeout < least) yield return $"{nameof(DeactivationTimeout)} is {DeactivationTimeout}; it must be 10 ms or more.";
        foreach (var problem in FaultInjection?.Problems() ?? []) yield return problem;
    }
}
