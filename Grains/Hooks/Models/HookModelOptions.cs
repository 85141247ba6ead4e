using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks.Models;

/// <summary>One model that may write or judge hooks. Configuration: <c>Hooks:Models:0:…</c>; a list there replaces the one that comes with the service.</summary>
public sealed record HookModelOptions
{
    /// <summary>The name in requests, results and pages: lower-case letters, digits, dots and dashes, at most 60.</summary>
    public required string Id { get; init; }

    /// <summary><c>openai</c> (chat completions, and all who speak like it) or <c>anthropic</c> (messages).</summary>
    public required string Provider { get; init; }

    /// <summary>Where the API lives, without <c>/v1</c> and without a slash at the end.</summary>
    public required Uri BaseUrl { get; init; }

    /// <summary>The provider's name for it.</summary>
    public required string Model { get; init; }

    /// <summary>Names of environment variables, each with a key. Several share the load.</summary>
    public required IReadOnlyList<string> Keys { get; init; }

    /// <summary>Calls at once for each key. Default 20, range 1 to 1,000.</summary>
    public int Concurrency { get; init; } = 20;

    /// <summary>Requests a minute for each key; null: only what the provider's headers say.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Tokens a minute for each key, those of the prompt and those that may be answered; null: only what the provider's headers say.</summary>
    public int? TokensPerMinute { get; init; }

    /// <summary>Price of a million tokens of a prompt. Default 0: unknown.</summary>
    public decimal InputPrice { get; init; }

    /// <summary>Price of a million tokens of an answer. Default 0: unknown.</summary>
    public decimal OutputPrice { get; init; }

    /// <summary>How long one call may take, to its last token. Default 2 min, range 1 s to 5 min.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Tries for one generation or evaluation in all. Default 3, range 1 to 20.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>Wait before the second try; doubles from try to try. Default 0.5 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Whether answers by JSON schema can be asked for. Default: yes at OpenAI. Without it the schema stands in the prompt only.</summary>
    public bool? StructuredOutput { get; init; }

    /// <summary>Whether a temperature is sent. Default: yes; models that reason refuse it.</summary>
    public bool SendTemperature { get; init; } = true;

    /// <summary>
    /// Tokens that a model which reasons may think with before it answers. They count against the limit of an answer, the tokens a minute and a budget, as the provider counts
    /// them. Default 0, range 0 to 100,000.
    /// </summary>
    public int ReasoningTokens { get; init; }

    /// <summary>Whether the limit of an answer is called <c>max_tokens</c> at an OpenAI-compatible server, as it was before <c>max_completion_tokens</c>. Default: no.</summary>
    public bool OldMaxTokens { get; init; }

    public bool UsesSchema => StructuredOutput ?? Provider == OpenAi;

    public const string OpenAi = "openai";
    public const string Anthropic = "anthropic";

    public decimal CostOf(ChatUsage usage) => (usage.Input * InputPrice + usage.Output * OutputPrice) / 1_000_000m;

    /// <summary>The upstream that stands for a key: its calls keep to the key's own limits.</summary>
    internal string UpstreamOf(int key) => Keys.Count == 1 ? Id : $"{Id}.key{key + 1}";

    internal UpstreamOptions Upstream(int key) => new()
    {
        Name = UpstreamOf(key),
        BaseUrl = BaseUrl,
        Concurrency = Concurrency,
        Limits = RequestsPerMinute is { } calls ? [new CallLimit(calls, TimeSpan.FromMinutes(1))] : [],
        Timeout = Timeout,
        Attempts = Attempts,
        RetryDelay = RetryDelay,
    };

    /// <exception cref="InvalidOperationException">A value is wrong; names the setting, the value and what it may be.</exception>
    internal void Validate()
    {
        Check(Id is { Length: > 0 and <= 60 } && Id.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '.' or '-'), nameof(Id), Id, "1 to 60 of a-z, 0-9, . and -");
        Check(Provider is OpenAi or Anthropic, nameof(Provider), Provider, $"{OpenAi} or {Anthropic}");
        Check(BaseUrl is { IsAbsoluteUri: true, Scheme: "http" or "https" }, nameof(BaseUrl), BaseUrl, "an absolute http or https URL");
        Check(!string.IsNullOrWhiteSpace(Model), nameof(Model), Model, "the provider's name of the model");
        Check(Keys is { Count: > 0 } && Keys.Distinct().Count() == Keys.Count, nameof(Keys), string.Join(", ", Keys ?? []), "one or more names of environment variables, each once");
        Check(RequestsPerMinute is null or >= 1 and <= 100_000, nameof(RequestsPerMinute), RequestsPerMinute, "1 to 100,000, or left out");
        Check(TokensPerMinute is null or >= 100, nameof(TokensPerMinute), TokensPerMinute, "100 or more, or left out");
        Check(ReasoningTokens is >= 0 and <= 100_000, nameof(ReasoningTokens), ReasoningTokens, "0 to 100,000");
        Check(InputPrice >= 0 && OutputPrice >= 0, nameof(InputPrice), $"{InputPrice} and {OutputPrice}", "0 or more");
        Check(Timeout >= TimeSpan.FromSeconds(1), nameof(Timeout), Timeout, "00:00:01 to 00:05:00");
    }

    private void Check(bool good, string setting, object? value, string range)
    {
        if (!good)
        {
            throw new InvalidOperationException($"Hooks:Models: {setting} of '{Id}' is '{value}'; it must be {range}.");
        }
    }
}
