namespace OrleansBulk.Jobs;

/// <summary>One unit of work in a job, as its pump holds it.</summary>
public sealed class Item(Chunk chunk, int index, string key, string? data)
{
    /// <summary>The chunk that holds it; outcomes are committed there.</summary>
    public Chunk Chunk { get; } = chunk;

    /// <summary>Its place in the chunk.</summary>
    public int Index { get; } = index;

    /// <summary>Its place in the job's input.</summary>
    public long Ordinal => Chunk.FirstOrdinal + Index;

    /// <summary>What it is about, in words an operator knows: <c>codeforces/tourist</c>.</summary>
    public string Key { get; } = key;

    /// <summary>What the workload stored with it: a JSON value, or null.</summary>
    public string? Data { get; } = data;

    /// <summary>What the workload learnt about it when its chunk was claimed. Written by the workload before the item runs.</summary>
    public object? Prepared { get; set; }

    /// <summary>Tries that were made by now. Written by the pump.</summary>
    public int Attempts { get; set; }

    /// <summary>It was deferred until others of its job are done. Written by the pump.</summary>
    internal bool WaitsForOthers { get; set; }
}
