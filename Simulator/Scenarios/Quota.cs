namespace OrleansBulk.Simulator.Scenarios;

/// <summary>
/// Calls that a token has in a fixed window, counted for each token and resource (GitHub: core, graphql; Sheets: reads, writes), with X-RateLimit headers on
/// every answer but that to a refused token. Calls without a token share one count.
/// </summary>
public sealed record Quota
{
    /// <summary>Calls of a token in a window, 0 or more. Default 5000.</summary>
    public int Limit { get; init; } = 5000;

    /// <summary>Calls without a token in a window, 0 or more. Default 60.</summary>
    public int AnonymousLimit { get; init; } = 60;

    /// <summary>Length of the window in seconds, above 0. It starts with a token's first call. Default 3600.</summary>
    public double WindowSeconds { get; init; } = 3600;

    /// <summary>How a call without quota left is answered: 403 or 429 (GraphQL always 200). Default 403.</summary>
    public int Status { get; init; } = 403;

    /// <summary>Whether answers tell it in X-RateLimit headers. Default true.</summary>
    public bool Headers { get; init; } = true;

    /// <summary>Every token's quota is used up, whatever was counted. Default false.</summary>
    public bool Exhausted { get; init; }
}
