using OrleansBulk.Hooks;
using OrleansBulk.Hooks.Models;

namespace OrleansBulk.Web.Api;

/// <summary>A run on the wire: its hooks ranked, best first, and what each model brought.</summary>
public sealed record HookRunView(
    Guid Id, string Status, string? Error, string Summary, double Percent, string Topic, string? Audience, string? Tone, IReadOnlyList<string> Judges, bool Blind, long Tokens, decimal Cost,
    HookBudgetView? Budget, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt, IReadOnlyList<HookView> Hooks, IReadOnlyList<ModelResult> Models)
{
    public static HookRunView Of(HookRun run) => new(
        run.Job.Id, Jobs.JobStatusExtensions.Wire(run.Job.Status), run.Job.Error, run.Progress.Summary, run.Progress.Percent, run.Spec.Topic, run.Spec.Audience, run.Spec.Tone, run.Spec.Judges, run.Spec.Blind,
        run.Tokens, run.Cost, HookBudgetView.Of(run), run.Job.CreatedAt, run.Job.FinishedAt, [.. run.Hooks.Select(HookView.Of)], run.Models);
}

/// <summary>What a run may spend, and what is booked of it: calls whose answer never came are booked at the most they can have cost.</summary>
public sealed record HookBudgetView(long? Tokens, decimal? Money, long SpentTokens, decimal SpentMoney)
{
    public static HookBudgetView? Of(HookRun run) => run.Spent is { } spent ? new HookBudgetView(run.Spec.Budget.Tokens, run.Spec.Budget.Money, spent.Tokens, spent.Money) : null;
}

/// <param name="Criteria">The means of the judges' marks; null without a score.</param>
/// <param name="Reason">What the judges say, one after the other.</param>
/// <param name="Error">Why it has no score, or a judge gave none.</param>
public sealed record HookView(
    int? Rank, string Model, int No, string Text, double? Score, HookCriteria? Criteria, string? Reason, string? Error, int? Spread, bool JudgesDisagree, string PromptVersion,
    IReadOnlyList<HookEvaluation> Evaluations)
{
    public static HookView Of(RankedHook hook)
    {
        var verdicts = hook.Evaluations.Select(evaluation => evaluation.Verdict).OfType<Verdict>().ToList();
        return new HookView(
            hook.Rank, hook.Model, hook.No, hook.Text, hook.Score, HookCriteria.Of(verdicts), Joined(verdicts.Select(verdict => verdict.Reason)), Joined(hook.Evaluations.Select(evaluation => evaluation.Error).OfType<string>()),
            hook.Spread, hook.JudgesDisagree, hook.Prompt, hook.Evaluations);
    }

    private static string? Joined(IEnumerable<string> texts) => string.Join(" / ", texts) is { Length: > 0 } text ? text : null;
}

/// <summary>Means of the judges' marks.</summary>
public sealed record HookCriteria(double Attention, double Clarity, double Relevance, double Originality, double AudienceFit)
{
    public static HookCriteria? Of(IReadOnlyList<Verdict> verdicts)
    {
        return verdicts.Count == 0 ? null : new HookCriteria(
            Mean(verdict => verdict.Attention), Mean(verdict => verdict.Clarity), Mean(verdict => verdict.Relevance), Mean(verdict => verdict.Originality), Mean(verdict => verdict.AudienceFit));

        double Mean(Func<Verdict, int> mark) => Math.Round(verdicts.Average(mark), 1);
    }
}

/// <summary>A model with its health on the wire. Keys are named, never shown.</summary>
public sealed record HookModelView(
    string Id, string Provider, string Model, Uri BaseUrl, string Health, string Why, int InFlight, int Waiting, double? LatencyMs, decimal InputPrice, decimal OutputPrice, int ConcurrencyPerKey,
    int? RequestsPerMinutePerKey, int? TokensPerMinutePerKey, IReadOnlyList<KeyHealth> Keys)
{
    public static HookModelView Of(ModelHealth health) => new(
        health.Model.Id, health.Model.Provider, health.Model.Model, health.Model.BaseUrl, health.State, health.Words, health.InFlight, health.Waiting, health.LatencyMs, health.Model.InputPrice,
        health.Model.OutputPrice, health.Model.Concurrency, health.Model.RequestsPerMinute, health.Model.TokensPerMinute, health.Keys);
}
