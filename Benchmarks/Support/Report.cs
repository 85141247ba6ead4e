using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using OrleansBulk.Benchmarks.Scenarios;

namespace OrleansBulk.Benchmarks.Support;

/// <summary>Prints what scenarios measured, and keeps it as JSON for programs and Markdown for people, with the machine, the commit and the command.</summary>
internal sealed class Report(string folder, bool isShort, string command)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="load">The load average before the scenario ran.</param>
    public async Task WriteAsync(IScenario scenario, ScenarioResult result, string load)
    {
        var table = Table(result.Columns, result.Rows);
        Console.WriteLine(table);
        foreach (var note in result.Notes)
        {
            Console.WriteLine($"  {note}");
        }

        var run = new
        {
            Scenario = scenario.Name,
            Short = isShort,
            Date = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture),
            Commit = await Machine.CommitAsync(),
            Command = command,
            Machine = Machine.Describe(),
            Cores = Environment.ProcessorCount,
            LoadAverageBefore = load,
            LoadAverageAfter = Machine.LoadAverage(),
        };
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, isShort ? $"{scenario.Name}.short" : scenario.Name);
        await File.WriteAllTextAsync(path + ".json", JsonSerializer.Serialize(new { Run = run, result.Figures, result.Promises, result.Columns, result.Rows, result.Notes }, Json) + "\n");

        var text = new StringBuilder();
        text.AppendLine($"# {scenario.Name}\n\n{scenario.Summary}\n");
        text.AppendLine($"{run.Date} · commit {run.Commit} · {run.Machine}, {run.Cores} cores · load average {run.LoadAverageBefore} before, {run.LoadAverageAfter} after · `{run.Command}`\n");
        text.AppendLine(table);
        text.AppendLine(Table(["promise", "wanted", "measured", "met"], [.. result.Promises.Select(Row)]));
        foreach (var note in result.Notes)
        {
            text.AppendLine($"- {note}");
        }

        await File.WriteAllTextAsync(path + ".md", text.ToString());
    }

    /// <summary>All promises of a run in one table.</summary>
    public static string Promises(IEnumerable<ScenarioResult> results) => Table(["promise", "wanted", "measured", "met"], [.. results.SelectMany(result => result.Promises).Select(Row)]);

    private static string[] Row(Promise promise) => [promise.What, promise.Wanted, promise.Measured, promise.Met ? "yes" : "NO"];

    /// <summary>A Markdown table whose columns stand below each other in a terminal too.</summary>
    private static string Table(IReadOnlyList<string> columns, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var widths = columns.Select((column, i) => rows.Select(row => row[i].Length).Append(column.Length).Max()).ToArray();
        var text = new StringBuilder();
        Line(columns);
        text.AppendLine($"|{string.Join('|', widths.Select(width => new string('-', width + 2)))}|");
        foreach (var row in rows)
        {
            Line(row);
        }

        return text.ToString();

        void Line(IReadOnlyList<string> cells) => text.AppendLine($"| {string.Join(" | ", cells.Select((cell, i) => cell.PadRight(widths[i])))} |");
    }
}
