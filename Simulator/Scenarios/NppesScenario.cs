namespace OrleansBulk.Simulator.Scenarios;

/// <summary>Which providers the registry knows, and how it spells its answers.</summary>
public sealed record NppesScenario
{
    /// <summary>Providers made up over all states, 0 to 1,000,000. Default 20,000.</summary>
    public int Providers { get; init; } = 20_000;

    /// <summary>Further ones that practise in one state, by its two letters: <c>{"GA": 50000}</c>. Default none.</summary>
    public IReadOnlyDictionary<string, int> States { get; init; } = new Dictionary<string, int>();

    /// <summary>The taxonomy codes that made-up providers have. Empty: the usual mixture of specialties, and some others that searches find too.</summary>
    public IReadOnlyList<string> Taxonomies { get; init; } = [];

    /// <summary>All made-up providers practise in this ZIP code: so many in one place must be told apart by name. Null: spread over their state. Default null.</summary>
    public string? PostalCode { get; init; }

    /// <summary>Whether the recorded organisations are known too, each as it was recorded. Default true.</summary>
    public bool Recorded { get; init; } = true;

    /// <summary>The share of made-up providers that are deactivated, 0 to 1. Default 0: searches of the registry do not find them.</summary>
    public double Deactivated { get; init; }

    /// <summary>The share of made-up providers whose NPI has a wrong check digit, 0 to 1. Default 0.</summary>
    public double WrongCheckDigits { get; init; }

    /// <summary>A larger limit is silently lowered to it. Default 200.</summary>
    public int MaxLimit { get; init; } = 200;

    /// <summary>A larger skip is silently lowered to it. Default 1,000.</summary>
    public int MaxSkip { get; init; } = 1000;

    /// <summary>False: skip is ignored, and every page brings the first rows. Default true.</summary>
    public bool TurnsPages { get; init; } = true;

    /// <summary>Whether rows have another order each time they are asked for. Default false.</summary>
    public bool Unstable { get; init; }

    /// <summary>How NPIs and epochs are written. Default texts.</summary>
    public NppesNumbers Numbers { get; init; }

    /// <summary>Whether epochs are seconds, as before 2021. Default false: milliseconds.</summary>
    public bool EpochSeconds { get; init; }

    /// <summary>Whether lists without elements are left out, and <c>gender</c> stands for <c>sex</c>, as before 2021. Default false.</summary>
    public bool OldFields { get; init; }
}

public enum NppesNumbers
{
    Texts,
    Integers,
}
