using System.Text.Encodings.Web;
using System.Text.Json;
using OrleansBulk.Jobs;

namespace OrleansBulk.Hooks;

/// <summary>What watchers of a run are told, beside the job's own progress.</summary>
internal static class HookNews
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static JobNews Started(string model, HookProgress progress) => News(new { @event = "model started", model, progress.Percent });

    /// <param name="text">The hook that is being written, as far as it is.</param>
    public static JobNews Writing(string model, string text) => News(new { @event = "writing", model, text }, $"writing/{model}");

    public static JobNews Written(string model, int no, string text, HookProgress progress) => News(new { @event = "hook written", model, no, text, progress.Percent });

    public static JobNews Judged(string model, int no, string judge, int? score, string? error, HookProgress progress) =>
        News(new { @event = "hook judged", model, no, judge, score, error, progress.Percent });

    public static JobNews Finished(string model, int hooks, string? error, HookProgress progress) => News(new { @event = "model finished", model, hooks, error, progress.Percent, progress.Summary });

    /// <summary>Everything that was asked for has its end.</summary>
    public static JobNews Summary(HookProgress progress) => News(new { @event = "run finished", progress.Percent, progress.Summary });

    private static JobNews News(object news, string? replaces = null) => new(JsonSerializer.Serialize(news, Options), replaces);
}
