using System.Security.Cryptography;
using System.Text;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks.Models;

/// <summary>What a model is asked. Two asks that are equal are the same request.</summary>
/// <param name="System">What it is to do; never anything a user wrote.</param>
/// <param name="User">The data, as JSON.</param>
/// <param name="MaxTokens">Where the answer is cut; providers count it against the limit, so it is tight.</param>
/// <param name="Schema">The JSON schema of the answer; null: text.</param>
/// <param name="Stream">Whether the answer is wanted as it is written.</param>
public sealed record ChatAsk(string System, string User, int MaxTokens, double Temperature, string? Schema, bool Stream)
{
    private const int MessageTokens = 16; // what the format itself takes

    /// <summary>The same ask with the room that this model needs to think.</summary>
    public ChatAsk For(HookModelOptions model) => model.ReasoningTokens == 0 ? this : this with { MaxTokens = MaxTokens + model.ReasoningTokens };

    /// <summary>At most so many tokens go in: a token has a byte at least.</summary>
    public int MostInput => Encoding.UTF8.GetByteCount(System) + Encoding.UTF8.GetByteCount(User) + (Schema?.Length ?? 0) + MessageTokens;

    /// <summary>What one call can cost at most.</summary>
    public ChatUsage Most => new(MostInput, MaxTokens);

    /// <summary>About so many tokens are counted against a limit of tokens a minute.</summary>
    public int Weight => (Encoding.UTF8.GetByteCount(System) + Encoding.UTF8.GetByteCount(User)) / 4 + MessageTokens + MaxTokens;

    /// <summary>Names the request: the model, the prompt and the parameters.</summary>
    public byte[] Fingerprint(HookModelOptions model)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in (ReadOnlySpan<string>)[model.Provider, model.BaseUrl.ToString(), model.Model, System, User, Schema ?? "", FormattableString.Invariant($"{MaxTokens} {Temperature}")])
        {
            hash.AppendData(BitConverter.GetBytes(part.Length));
            hash.AppendData(Encoding.UTF8.GetBytes(part));
        }

        return hash.GetHashAndReset();
    }
}

/// <summary>Tokens of a prompt and of an answer.</summary>
public readonly record struct ChatUsage(int Input, int Output)
{
    public static ChatUsage operator +(ChatUsage a, ChatUsage b) => Add(a, b);

    public static ChatUsage Add(ChatUsage a, ChatUsage b) => new(a.Input + b.Input, a.Output + b.Output);

    public int Total => Input + Output;
}

/// <summary>What a model answered.</summary>
/// <param name="End">Why it ended there.</param>
public sealed record ChatAnswer(string Text, ChatUsage Usage, ChatEnd End)
{
    /// <summary>The same request was answered before: this one cost nothing.</summary>
    public bool Cached { get; init; }

    /// <summary>The same request was under way: this one cost nothing.</summary>
    public bool Joined { get; init; }

    /// <summary>What it cost in money and tokens.</summary>
    public bool Spared => Cached || Joined;
}

/// <summary>What an ask came to.</summary>
/// <param name="Spent">What it is booked at, whatever its end: the most it can have cost where a model may have worked and did not say how much.</param>
public sealed record PaidResult(CallResult Result, ChatUsage Spent);

public enum ChatEnd
{
    /// <summary>The model had said it all.</summary>
    Whole,

    /// <summary>The limit of tokens came first.</summary>
    Cut,

    /// <summary>The model, or a filter behind it, would not say it.</summary>
    Declined,
}
