using OrleansBulk.Hooks.Models;
using OrleansBulk.Jobs;

namespace OrleansBulk.Hooks;

/// <summary>A run as its rows tell it.</summary>
/// <param name="Spent">What is booked on its budget; null without one.</param>
public sealed record HookRun(JobRow Job, HookSpec Spec, IReadOnlyList<RankedHook> Hooks, IReadOnlyList<ModelResult> Models, PurseShare? Spent)
{
    /// <summary>How far it is, as far as is committed.</summary>
    public HookProgress Progress { get; } = new(
        Spec.Models.Count, Models.Count(model => model.State == "finished"), Models.Count(model => model.State == "failed"), Spec.HooksWanted, Hooks.Count,
        Models.Where(model => model.State is "finished" or "failed").Sum(model => Spec.HooksPerModel - model.Hooks),
        Spec.Judges.Count, Hooks.Sum(hook => hook.Evaluations.Count), Hooks.Count(hook => hook.Score is not null));

    public long Tokens => Models.Sum(model => model.TokensIn + model.TokensOut) + Hooks.Sum(hook => hook.Evaluations.Sum(evaluation => evaluation.TokensIn + evaluation.TokensOut));

    public decimal Cost => Models.Sum(model => model.Cost) + Hooks.Sum(hook => hook.Evaluations.Sum(evaluation => evaluation.Cost));
}

/// <summary>A hook with what its judges say; the mean of those who gave a score ranks it.</summary>
/// <param name="Rank">From 1, of the whole run; null without a score. Equal scores have the same rank.</param>
/// <param name="Score">The mean of the judges' scores; null when none of them gave one.</param>
/// <param name="Spread">Between the highest and the lowest score; null with fewer than two.</param>
public sealed record RankedHook(string Model, int No, string Text, string Prompt, DateTimeOffset WrittenAt, IReadOnlyList<HookEvaluation> Evaluations, int? Rank, double? Score, int? Spread)
{
    /// <summary>Judges further apart than this disagree.</summary>
    public const int Disagreement = 25;

    public bool JudgesDisagree => Spread > Disagreement;

    /// <summary>Without a rank yet.</summary>
    internal static RankedHook Of(string model, int no, string text, string prompt, DateTimeOffset writtenAt, IReadOnlyList<HookEvaluation> evaluations)
    {
        var scores = evaluations.Where(evaluation => evaluation.Verdict is not null).Select(evaluation => evaluation.Verdict!.Score).ToList();
        return new RankedHook(
            model, no, text, prompt, writtenAt, evaluations, null, scores.Count == 0 ? null : Math.Round(scores.Average(), 1), scores.Count < 2 ? null : scores.Max() - scores.Min());
    }

    /// <summary>Best first; those without a score last. Only scores decide, never what a text says of itself.</summary>
    internal static IReadOnlyList<RankedHook> Order(IEnumerable<RankedHook> hooks)
    {
        var ordered = hooks.OrderByDescending(hook => hook.Score.HasValue).ThenByDescending(hook => hook.Score).ThenBy(hook => hook.Model, StringComparer.Ordinal).ThenBy(hook => hook.No).ToList();
        return [.. ordered.Select(hook => hook.Score is { } score ? hook with { Rank = 1 + ordered.Count(better => better.Score > score) } : hook)];
    }
}

/// <param name="Verdict">Null when the evaluation failed.</param>
/// <param name="Error">Why it failed.</param>
public sealed record HookEvaluation(
    string Judge, Verdict? Verdict, string? Error, string Prompt, bool Repaired, bool Cached, long TokensIn, long TokensOut, decimal Cost, int? TookMs);

/// <summary>What one model brought in a run.</summary>
/// <param name="State">queued, writing, finished, failed or, when the job has ended without its end, stopped.</param>
/// <param name="MeanScore">Over its hooks with a score.</param>
/// <param name="Spread">Between its best and its worst hook.</param>
/// <param name="FailedEvaluations">Of its hooks.</param>
/// <param name="Cached">Answered without a call.</param>
public sealed record ModelResult(
    string Model, string State, int Hooks, double? MeanScore, double? Spread, int? FirstHookMs, int? TookMs, long TokensIn, long TokensOut, decimal Cost, int FailedEvaluations,
    bool Cached, string? Error);

/// <summary>A run in a list.</summary>
public sealed record HookRunRow(
    Guid Id, string Topic, string Status, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt, string CreatedBy, int Models, int FinishedModels, int HooksPerModel, int Written, int Judged,
    double? BestScore, decimal Cost)
{
    public string Summary => $"{FinishedModels} of {Models} models, {Judged} of {Written} hooks judged";
}
