using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Scenarios;

/// <summary>How one upstream behaves.</summary>
public sealed record UpstreamScenario
{
    /// <summary>How long an answer takes; null answers at once.</summary>
    public Latency? Latency { get; init; }

    /// <summary>How many calls a host admits per time; null admits all.</summary>
    public CallLimit? Limit { get; init; }

    /// <summary>How many calls are worked on at once; null works on all.</summary>
    public ConcurrencyLimit? Concurrency { get; init; }

    /// <summary>How many calls a token has in a window, told in X-RateLimit headers; null has no quota and sends no headers.</summary>
    public Quota? Quota { get; init; }

    /// <summary>Tokens answered with 401. Default none.</summary>
    public IReadOnlyList<string> RefusedTokens { get; init; } = [];

    /// <summary>How an unknown account is told where sources disagree (AtCoder's history, GeeksforGeeks). Default by status.</summary>
    public NotFoundForm NotFound { get; init; }

    /// <summary>How the models of a chat upstream behave; null at all others.</summary>
    public ChatScenario? Chat { get; init; }

    /// <summary>What goes wrong. The first fault that applies to a call decides it. Default none.</summary>
    public IReadOnlyList<Fault> Faults { get; init; } = [];

    /// <summary>Small latencies, the limits that the upstreams publish, and nothing that goes wrong.</summary>
    public static IReadOnlyDictionary<string, UpstreamScenario> Defaults() => new Dictionary<string, UpstreamScenario>
    {
        [Platforms.Codeforces] = new()
        {
            Latency = new Latency { MeanMs = 300, SpreadMs = 60 },
            Limit = new CallLimit { Calls = 1, PerSeconds = 2, Status = 200 },
        },
        [Platforms.LeetCode] = new() { Latency = new Latency { MeanMs = 80, SpreadMs = 20 } },
        [Platforms.AtCoder] = new()
        {
            Latency = new Latency { MeanMs = 60, SpreadMs = 15 },
            Limit = new CallLimit { Calls = 1, PerSeconds = 1, Status = 429 },
        },
        [Platforms.CodeChef] = new() { Latency = new Latency { MeanMs = 120, SpreadMs = 30 } },
        [Platforms.HackerRank] = new() { Latency = new Latency { MeanMs = 70, SpreadMs = 20 } },
        [Platforms.GeeksforGeeks] = new() { Latency = new Latency { MeanMs = 90, SpreadMs = 20 } },
        [Platforms.GitHub] = new()
        {
            Latency = new Latency { MeanMs = 50, SpreadMs = 10 },
            Limit = new CallLimit { Calls = 900, PerSeconds = 60, Status = 403, RetryAfter = new RetryAfter { Seconds = 60 } },
            Concurrency = new ConcurrencyLimit { Max = 100, Status = 403, RetryAfter = new RetryAfter { Seconds = 60 } },
            Quota = new Quota(),
        },
        [Platforms.Sheets] = new()
        {
            Latency = new Latency { MeanMs = 150, SpreadMs = 50 },
            Quota = new Quota { Limit = 60, AnonymousLimit = 60, WindowSeconds = 60, Status = 429, Headers = false },
        },
        // Publishes no limit; what a polite client keeps to is not enforced.
        [Platforms.Nppes] = new() { Latency = new Latency { MeanMs = 250, SpreadMs = 60 } },
        [Platforms.OpenAi] = new() { Chat = new ChatScenario() },
        [Platforms.Anthropic] = new() { Chat = new ChatScenario() },
    };
}

public enum NotFoundForm
{
    /// <summary>An HTTP status says it.</summary>
    Status,

    /// <summary>HTTP 200, and the body says it: <c>[]</c> at AtCoder, <c>"status":"failed"</c> at GeeksforGeeks.</summary>
    Body,
}
