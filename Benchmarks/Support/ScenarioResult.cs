namespace OrleansBulk.Benchmarks.Support;

/// <summary>What a scenario measured.</summary>
internal sealed record ScenarioResult
{
    /// <summary>The names of the table's columns.</summary>
    public required IReadOnlyList<string> Columns { get; init; }

    public required IReadOnlyList<IReadOnlyList<string>> Rows { get; init; }

    public IReadOnlyList<Promise> Promises { get; init; } = [];

    /// <summary>The bare numbers behind the table, by name; units in the names.</summary>
    public IReadOnlyDictionary<string, double> Figures { get; init; } = new Dictionary<string, double>();

    /// <summary>How it was measured, and what to know when reading the figures.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <param name="What">What was promised, in words.</param>
/// <param name="Wanted">The promise: <c>≤ 1.10</c>.</param>
/// <param name="Measured">The figure as measured.</param>
internal sealed record Promise(string What, string Wanted, string Measured, bool Met);
