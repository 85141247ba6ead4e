using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansBulk.Hooks;

namespace OrleansBulk.Web.Api;

/// <summary>A run as a file: the ranking as CSV, or all of it as JSON.</summary>
internal static class HookFiles
{
    private static readonly JsonSerializerOptions Indented = new(WireJson.Options) { WriteIndented = true };

    public static string Csv(HookRun run)
    {
        var text = new StringBuilder("rank,model,no,text,score,spread,judges_disagree,attention,clarity,relevance,originality,audience_fit,reason,error,prompt_version\r\n");
        foreach (var hook in run.Hooks.Select(HookView.Of))
        {
            var cells = new[]
            {
                Number(hook.Rank), hook.Model, Number(hook.No), hook.Text, Number(hook.Score), Number(hook.Spread), hook.JudgesDisagree ? "yes" : "no", Number(hook.Criteria?.Attention), Number(hook.Criteria?.Clarity),
                Number(hook.Criteria?.Relevance), Number(hook.Criteria?.Originality), Number(hook.Criteria?.AudienceFit), hook.Reason, hook.Error, hook.PromptVersion,
            };
            text.Append(CsvText.Line(cells));
        }

        return text.ToString();
    }

    public static byte[] Json(HookRun run) => JsonSerializer.SerializeToUtf8Bytes(HookRunView.Of(run), Indented);

    private static string? Number(IFormattable? number) => number?.ToString(null, CultureInfo.InvariantCulture);
}
