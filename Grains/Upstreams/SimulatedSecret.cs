namespace OrleansBulk.Upstreams;

/// <summary>What is sent to the simulator where an upstream would get a credential. Real ones stay here: whoever runs the simulator reads along.</summary>
public static class SimulatedSecret
{
    private const string Prefix = "simulated";

    /// <summary>Whether an upstream at this address is the simulator.</summary>
    public static bool IsAt(string simulator, Uri url) => Uri.TryCreate(simulator, UriKind.Absolute, out var own) && Uri.Compare(own, url, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    /// <summary>One that says itself that it is simulated is sent as it is.</summary>
    public static string For(string name, string? configured) => configured?.StartsWith(Prefix, StringComparison.Ordinal) is true ? configured : $"{Prefix}-{name}";
}
