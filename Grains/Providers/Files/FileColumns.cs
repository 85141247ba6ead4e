namespace OrleansBulk.Providers.Files;

/// <summary>Which columns of a file are wanted, by their place in its header.</summary>
internal sealed class FileColumns
{
    private readonly int[] _places;

    /// <param name="names">The header's.</param>
    /// <param name="wanted">The names that are wanted; of several that mean the same, whichever the header has.</param>
    public FileColumns(IReadOnlyList<string> names, IReadOnlyList<string[]> wanted)
    {
        _places = new int[names.Count];
        Array.Fill(_places, -1);
        Wanted = wanted.Count;
        var byName = new Dictionary<string, int>(names.Count, StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < names.Count; i++)
        {
            byName.TryAdd(names[i].Trim(), i);
        }

        var missing = new List<string>();
        for (var place = 0; place < wanted.Count; place++)
        {
            if (Array.Find(wanted[place], byName.ContainsKey) is { } name)
            {
                _places[byName[name]] = place;
            }
            else
            {
                missing.Add(wanted[place][0]);
            }
        }

        Missing = missing;
    }

    /// <summary>Columns in all.</summary>
    public int Count => _places.Length;

    /// <summary>How many are wanted, those that are missing among them.</summary>
    public int Wanted { get; }

    /// <summary>What is wanted and not in the header.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>The place of a column among the wanted ones; less than 0 when it is not wanted.</summary>
    public int PlaceOf(int column) => _places[column];
}
