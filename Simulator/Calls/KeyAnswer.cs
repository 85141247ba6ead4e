namespace OrleansBulk.Simulator.Calls;

/// <summary>What an answer tells about a handle that was asked for.</summary>
internal enum KeyAnswer
{
    /// <summary>Nothing: the call was refused, went wrong or named another handle as the bad one.</summary>
    None,

    /// <summary>Its data, or that the data did not change.</summary>
    Found,

    /// <summary>That it does not exist.</summary>
    Missing,
}
