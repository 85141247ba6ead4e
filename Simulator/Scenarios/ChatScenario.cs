namespace OrleansBulk.Simulator.Scenarios;

/// <summary>How the models of a chat upstream behave.</summary>
public sealed record ChatScenario
{
    /// <summary>Milliseconds until an answer's first token, 0 or more. Default 250.</summary>
    public double FirstTokenMs { get; init; } = 250;

    /// <summary>Tokens a second from then on; 0 sends all at once. Default 120.</summary>
    public double TokensPerSecond { get; init; } = 120;

    /// <summary>Models that differ, by name.</summary>
    public IReadOnlyDictionary<string, ChatModel> Models { get; init; } = new Dictionary<string, ChatModel>();

    /// <summary>Models that do not exist. Default none: any other name is a model.</summary>
    public IReadOnlyList<string> UnknownModels { get; init; } = [];

    /// <summary>Keys with limits of their own, by key; another key has none.</summary>
    public IReadOnlyDictionary<string, ChatKey> Keys { get; init; } = new Dictionary<string, ChatKey>();
}

/// <summary>What is different with one model.</summary>
public sealed record ChatModel
{
    /// <summary>Instead of <see cref="ChatScenario.FirstTokenMs"/>.</summary>
    public double? FirstTokenMs { get; init; }

    /// <summary>Instead of <see cref="ChatScenario.TokensPerSecond"/>.</summary>
    public double? TokensPerSecond { get; init; }
}

/// <summary>What one key may do, for each model.</summary>
public sealed record ChatKey
{
    /// <summary>Requests a minute, told in headers; null: no limit.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Tokens a minute, of the prompt and of what may be answered at most; null: no limit.</summary>
    public int? TokensPerMinute { get; init; }

    /// <summary>The account behind it has no money left. Default false.</summary>
    public bool Exhausted { get; init; }
}
