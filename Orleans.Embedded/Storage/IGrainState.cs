namespace Orleans;

/// <summary>What passes between an activation and its storage.</summary>
public interface IGrainState<T>
{
    T? State { get; set; }

    /// <summary>The version that was read or written last; null when there is no record.</summary>
    string? ETag { get; set; }

    bool RecordExists { get; set; }
}

public sealed class GrainState<T> : IGrainState<T>
{
    public GrainState() { }

    public GrainState(T? state, string? eTag = null) => (State, ETag) = (state, eTag);

    public T? State { get; set; }

    public string? ETag { get; set; }

    public bool RecordExists { get; set; }
}
