using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks.Models;

/// <summary>A provider's wire format. Holds no state.</summary>
internal interface IChatProvider
{
    HttpRequestMessage Request(HookModelOptions model, string secret, ChatAsk ask);

    /// <summary>Reads a good answer that streams.</summary>
    /// <param name="onText">Told each piece of text as it comes.</param>
    Task<CallResult> ReadStreamAsync(HookModelOptions model, Stream body, Action<string> onText, CancellationToken cancellationToken);

    /// <summary>Reads a good answer that came whole.</summary>
    CallResult ReadWhole(HookModelOptions model, ReadOnlySpan<byte> json);

    /// <summary>Reads the error's <c>type</c> and <c>code</c>; never its text.</summary>
    ChatFault ReadFault(int status, ReadOnlySpan<byte> json);

    /// <summary>What is left of the limits, by the headers.</summary>
    ChatRemainders Remainders(HttpResponseMessage response, DateTimeOffset now);
}

/// <summary>What is left until a reset; null where a header is missing or makes no sense.</summary>
internal readonly record struct ChatRemainder(long Left, TimeSpan ResetIn);

internal readonly record struct ChatRemainders(ChatRemainder? Requests, ChatRemainder? Tokens);

/// <summary>An error as a provider names it.</summary>
/// <param name="Kind">What it means for us.</param>
/// <param name="Name">The provider's own code or type, for causes and messages.</param>
internal readonly record struct ChatFault(ChatFaultKind Kind, string Name, string Message);

internal enum ChatFaultKind
{
    /// <summary>Asking the same again would bring the same.</summary>
    Final,

    /// <summary>The key is refused, or its account has no money left: another key may do.</summary>
    KeyRefused,

    /// <summary>Too many requests or tokens.</summary>
    Throttled,

    /// <summary>Their trouble; may go well another time.</summary>
    Trouble,
}
