using System.Globalization;

namespace OrleansBulk.Hooks;

/// <summary>What a run may spend at most.</summary>
/// <param name="Tokens">Tokens in and out; null: no limit.</param>
/// <param name="Money">In the currency of the configured prices; null: no limit.</param>
public sealed record HookBudget(long? Tokens, decimal? Money)
{
    public bool IsLimited => Tokens is not null || Money is not null;

    /// <summary>Why no further call fits.</summary>
    public string Words(long tokens, decimal money) => string.Create(
        CultureInfo.InvariantCulture,
        $"The budget of this run is used up: {(Tokens is { } most ? $"{tokens:N0} of {most:N0} tokens" : $"{money:0.####} of {Money:0.####}")} spent, and the next call could cost more than what is left.");
}
