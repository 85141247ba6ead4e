using OrleansBulk.Hooks.Models;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks;

/// <summary>What a commit writes of a run. Closed: the records below; <see cref="HookWriter"/> writes them.</summary>
internal abstract record HookWrite;

/// <summary>A model is being asked.</summary>
internal sealed record GenerationStarted(string Model, string Prompt, DateTimeOffset At) : HookWrite;

/// <summary>A hook's text is whole.</summary>
internal sealed record HookWritten(string Model, int No, string Text, string Prompt, DateTimeOffset At) : HookWrite;

/// <summary>A model has written all it was asked for, or has failed.</summary>
/// <param name="Error">Null: it has finished.</param>
/// <param name="FirstHook">From the first ask to the first whole hook; null when there is none, or it came before a restart.</param>
internal sealed record GenerationEnded(string Model, string Prompt, HookSpending Spending, TimeSpan? FirstHook, TimeSpan Took, string? Error, DateTimeOffset At) : HookWrite;

/// <summary>A judge has judged, or its evaluation has failed.</summary>
/// <param name="Verdict">Null when it failed.</param>
internal sealed record EvaluationEnded(
    string Model, int No, string Judge, Verdict? Verdict, string Prompt, bool Repaired, HookSpending Spending, TimeSpan Took, string? Error, DateTimeOffset At) : HookWrite;

/// <summary>What a generation or an evaluation has taken so far, asks that brought nothing with it.</summary>
/// <param name="Asks">Calls that were made.</param>
/// <param name="Cached">No call was made, since the answer was there or on its way.</param>
internal sealed record HookSpending(int Asks, ChatUsage Usage, decimal Cost, bool Cached)
{
    public static readonly HookSpending None = new(0, default, 0, false);

    public HookSpending With(HookModelOptions model, PaidResult paid) => new(
        Asks + paid.Result.Cost.Calls, Usage + paid.Spent, Cost + model.CostOf(paid.Spent), Cached || paid.Result is CallAnswered<ChatAnswer> { Value.Spared: true });
}
