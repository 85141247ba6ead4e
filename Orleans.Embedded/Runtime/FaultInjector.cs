using Orleans.Hosting;

namespace Orleans.Runtime;

/// <summary>Draws the faults that <see cref="FaultInjectionOptions"/> ask for, from one seeded source.</summary>
internal sealed class FaultInjector(FaultInjectionOptions options)
{
#pragma warning disable CA5394 // Faults are to be repeatable, not secret.
    private readonly Random _random = new(options.Seed);

    public Exception? Rejects(GrainCall call) =>
        Draws(options.RejectionProbability) ? new OrleansMessageRejectionException($"Fault injection turned {call} away before it ran.") : null;

    public Exception? LosesResponse(GrainCall call) =>
        Draws(options.LostResponseProbability) ? new OrleansMessageRejectionException($"Fault injection lost the answer of {call} after it ran.") : null;

    public bool AbortsStream() => Draws(options.StreamAbortProbability);

    private bool Draws(double probability)
    {
        if (probability <= 0) return false;
        lock (_random) return _random.NextDouble() < probability;
    }
#pragma warning restore CA5394
}
