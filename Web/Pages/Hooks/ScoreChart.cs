using System.Globalization;
using OrleansBulk.Hooks;

namespace OrleansBulk.Web.Pages.Hooks;

/// <summary>Scores of models beside each other: a bar to the mean, a line from the worst to the best hook. Drawn as SVG; the words stand beside it.</summary>
public sealed record ScoreChart(IReadOnlyList<ScoreBar> Bars)
{
    public const int Width = 600;
    public const int RowHeight = 22;

    public int Height => Bars.Count * RowHeight;

    public string Summary => $"Mean scores: {string.Join(", ", Bars.Select(bar => string.Create(CultureInfo.InvariantCulture, $"{bar.Name} {bar.Mean:0.#} (from {bar.Low:0.#} to {bar.High:0.#})")))}.";

    public static ScoreChart Of(HookRun run) => new([.. run.Models.Where(model => model.MeanScore is not null).Select(model => Bar(run, model.Model)).OrderByDescending(bar => bar.Mean)]);

    /// <summary>A bar for each run that has scores of this model.</summary>
    public static ScoreChart Of(IEnumerable<(string Name, HookRun Run)> runs, string model) =>
        new([.. runs.Where(run => run.Run.Models.Any(own => own.Model == model && own.MeanScore is not null)).Select(run => Bar(run.Run, model) with { Name = run.Name })]);

    private static ScoreBar Bar(HookRun run, string model)
    {
        var scores = run.Hooks.Where(hook => hook.Model == model && hook.Score is not null).Select(hook => hook.Score!.Value).ToList();
        return new ScoreBar(model, Math.Round(scores.Average(), 1), scores.Min(), scores.Max());
    }

    public static double X(double score) => Math.Round(score / 100 * Width, 1);
}

public sealed record ScoreBar(string Name, double Mean, double Low, double High);
