namespace OrleansBulk.Simulator.Worlds;

/// <summary>A count that only grows: each change of the account adds at least one to it.</summary>
internal static class Growth
{
    public static int Of(long seed, string area, string handle, int changes, int start, int most)
    {
        var total = start;
        for (var change = 1; change <= changes; change++) total += Draw.For(seed, area, handle, -change).Int(1, most);
        return total;
    }
}
