namespace OrleansBulk.Simulator.Worlds;

/// <summary>
/// A stream of numbers that follows from what it was made for (splitmix64). It holds no shared state, so any thread may draw for any
/// handle or call at any time and gets the same numbers: determinism costs no lock.
/// </summary>
internal struct Draw
{
    private const ulong Golden = 0x9E3779B97F4A7C15;
    private ulong _state;

    private Draw(ulong state) => _state = state;

    /// <summary>Case does not matter: <c>Tourist</c> and <c>tourist</c> are the same account everywhere.</summary>
    public static Draw For(long seed, string area, ReadOnlySpan<char> handle, long step = 0) =>
        new(Mix(Mix((ulong)seed + Golden) ^ Fold(area) ^ Mix(Fold(handle)) ^ Mix((ulong)step * Golden + 1)));

    public ulong Next()
    {
        _state += Golden;
        return Mix(_state);
    }

    /// <summary>A number from <paramref name="low"/> to <paramref name="high"/>, both possible.</summary>
    public int Int(int low, int high) => low + (int)(Next() % (ulong)((long)high - low + 1));

    /// <summary>A number in [0, 1).</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    public bool Chance(double probability) => Unit() < probability;

    public T Pick<T>(IReadOnlyList<T> choices) => choices[Int(0, choices.Count - 1)];

    private static ulong Fold(ReadOnlySpan<char> text)
    {
        var hash = 0xCBF29CE484222325UL;
        foreach (var letter in text) hash = (hash ^ char.ToLowerInvariant(letter)) * 0x100000001B3UL;
        return hash;
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
