namespace Orleans.Hosting;

/// <summary>
/// Faults that a cluster of machines has and one process has not, so that callers are tested against them. Probabilities are from 0 to 1,
/// default 0, drawn per call or step.
/// </summary>
public sealed class FaultInjectionOptions
{
    /// <summary>Starts the draw: the same seed gives the same draws, in the order in which calls ask for them. Default 0.</summary>
    public int Seed { get; set; }

    /// <summary>A call is turned away before it runs.</summary>
    public double RejectionProbability { get; set; }

    /// <summary>A call runs, and its caller is told that it was turned away.</summary>
    public double LostResponseProbability { get; set; }

    /// <summary>An enumeration is aborted instead of giving its next items.</summary>
    public double StreamAbortProbability { get; set; }

    /// <summary>Overrides every collection age, those of classes included (one second, say). Default null: it does not. From 10 ms.</summary>
    public TimeSpan? CollectionAge { get; set; }

    internal IEnumerable<string> Problems()
    {
        (string Name, double Value)[] probabilities =
        [
            (nameof(RejectionProbability), RejectionProbability),
            (nameof(LostResponseProbability), LostResponseProbability),
            (nameof(StreamAbortProbability), StreamAbortProbability),
        ];
        foreach (var (name, value) in probabilities.Where(p => p.Value is not (>= 0 and <= 1)))
            yield return $"{nameof(FaultInjectionOptions)}.{name} is {value}; it must be from 0 to 1.";
        if (CollectionAge < TimeSpan.FromMilliseconds(10))
            yield return $"{nameof(FaultInjectionOptions)}.{nameof(CollectionAge)} is {CollectionAge}; it must be 10 ms or more.";
    }
}
