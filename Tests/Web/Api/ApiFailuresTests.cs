using System.Net;
using System.Text.Json;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Web.Api;

/// <summary><c>GET /api/jobs/{id}/failures</c> and <c>/ledger</c>: what went wrong, and that nothing is missing.</summary>
public sealed class ApiFailuresTests(WebHost host) : IClassFixture<WebHost>
{
    private const int ExportPage = 5000; // what an export reads at once

    [Fact]
    public async Task Failures_AreFoldedByCause_TheMostFrequentFirst_WithAnExample()
    {
        using var program = host.Program();
        var id = await FailAsync(program, 30, item => item.Ordinal switch { < 5 => ("teapot", $"short {item.Key}"), < 12 => ("kettle", $"stout {item.Key}"), _ => null });

        var failures = (await program.GetAsync($"/api/jobs/{id}/failures")).Json;

        Assert.Equal([("kettle", 7), ("teapot", 5)], failures.GetProperty("causes").EnumerateArray().Select(cause => (cause.GetProperty("cause").GetString(), cause.GetProperty("count").GetInt32())));
        Assert.All(failures.GetProperty("causes").EnumerateArray(), cause => Assert.Matches("^(short|stout) [0-9]+$", cause.GetProperty("example").GetString()));
        var first = failures.GetProperty("items")[0];
        Assert.Equal((0, "0", "teapot", "short 0", 3), (first.GetProperty("ordinal").GetInt64(), first.GetProperty("key").GetString(), first.GetProperty("cause").GetString(), first.GetProperty("message").GetString(), first.GetProperty("attempts").GetInt32()));
        Assert.True(first.GetProperty("at").GetDateTimeOffset() <= TimeProvider.System.GetUtcNow());
        Assert.Equal(12, failures.GetProperty("items").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, failures.GetProperty("next").ValueKind);
    }

    [Theory]
    [InlineData(null, 21)]
    [InlineData("teapot", 11)]
    public async Task WalkOverAllPages_MeetsEachFailureOnce_InTheOrderOfTheInput(string? cause, int expected)
    {
        using var program = host.Program();
        var id = await FailAsync(program, 21, item => (item.Ordinal % 2 == 0 ? "teapot" : "kettle", "empty"));

        var seen = new List<long>();
        string? after = null;
        do
        {
            var page = (await program.GetAsync($"/api/jobs/{id}/failures?limit=4{(cause is null ? "" : $"&cause={cause}")}{(after is null ? "" : $"&after={after}")}")).Json;
            Assert.InRange(page.GetProperty("items").GetArrayLength(), 1, 4);
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(failure => failure.GetProperty("ordinal").GetInt64()));
            after = page.GetProperty("next").GetString();
        }
        while (after is not null);

        Assert.Equal(expected, seen.Count);
        Assert.Equal(Enumerable.Range(0, 21).Select(number => (long)number).Where(number => cause is null || number % 2 == 0), seen);
    }

    [Theory]
    [InlineData("?format=csv", null)]
    [InlineData("", "text/csv")]
    public async Task Csv_HasEveryFailure_AndNoCellThatASpreadsheetWouldRun(string query, string? accept)
    {
        using var program = host.Program();
        string[] nasty = ["=HYPERLINK(\"http://evil\",\"x\")", "+1+1", "-2+3", "@SUM(A1)", "\tTab", "plain, with \"quotes\"\r\nand a second line", "harmless"];
        var id = await FailAsync(program, nasty.Length, item => ("=cmd|' /C calc'!A0", nasty[(int)item.Ordinal]));

        var answer = await program.SendAsync(HttpMethod.Get, $"/api/jobs/{id}/failures{query}", null, ("Accept", accept ?? "*/*"));

        Assert.Equal(("text/csv", "attachment", $"failures-{id}.csv"), (answer.MediaType, answer.ContentHeaders.ContentDisposition?.DispositionType, answer.ContentHeaders.ContentDisposition?.FileName?.Trim('"')));
        var rows = Csv(answer.Text);
        Assert.Equal(["ordinal", "key", "cause", "message", "attempts", "at"], rows[0]);
        Assert.Equal(
            ["'=HYPERLINK(\"http://evil\",\"x\")", "'+1+1", "'-2+3", "'@SUM(A1)", "'\tTab", "plain, with \"quotes\"\r\nand a second line", "harmless"],
            rows.Skip(1).Select(row => row[3]));
        Assert.All(rows.Skip(1), row => Assert.Equal("'=cmd|' /C calc'!A0", row[2]));
        Assert.All(rows, row => Assert.DoesNotContain(row, cell => cell.Length > 0 && "=+-@\t\r".Contains(cell[0], StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("?format=ndjson", null)]
    [InlineData("", "application/x-ndjson")]
    public async Task Ndjson_HasOneFailureALine(string query, string? accept)
    {
        using var program = host.Program();
        var id = await FailAsync(program, 3, item => ("teapot", $"line\nbreak \u00e9 {item.Key}"));

        var answer = await program.SendAsync(HttpMethod.Get, $"/api/jobs/{id}/failures{query}", null, ("Accept", accept ?? "*/*"));

        Assert.Equal("application/x-ndjson", answer.MediaType);
        var lines = answer.Text.TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(["line\nbreak \u00e9 0", "line\nbreak \u00e9 1", "line\nbreak \u00e9 2"], lines.Select(line => line.GetProperty("message").GetString()));
    }

    [Theory]
    [InlineData("csv")]
    [InlineData("ndjson")]
    public async Task Export_GoesOnBehindEachPageThatItReads(string format)
    {
        using var program = host.Program();
        var id = await FailAsync(program, (2 * ExportPage) + 1, _ => ("teapot", "empty"));

        var lines = (await program.GetAsync($"/api/jobs/{id}/failures?format={format}")).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(format == "csv" ? 1 : 0).ToList();

        Assert.Equal((2 * ExportPage) + 1, lines.Count);
        Assert.Equal(lines.Count, lines.Distinct().Count());
    }

    [Theory]
    [InlineData("limit=0", "limit is 0")]
    [InlineData("limit=1001", "application/x-ndjson")]
    [InlineData("after=x", "after must be")]
    [InlineData("after=-2", "after must be")]
    [InlineData("format=xml", "json, csv or ndjson")]
    [InlineData("cause=%00", "NUL")]
    public async Task QueryThatCannotBe_GetsASentence(string query, string expected)
    {
        using var program = host.Program();
        var id = await FailAsync(program, 1, _ => null);

        Assert.Contains(expected, (await program.GetAsync($"/api/jobs/{id}/failures?{query}")).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("failures")]
    [InlineData("failures?format=csv")]
    [InlineData("ledger")]
    public async Task JobThatNeverWas_Is404(string what)
    {
        using var program = host.Program();

        (await program.GetAsync($"/api/jobs/{Guid.NewGuid()}/{what}")).Problem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Ledger_CountsEveryItemOnce_WhileTheJobRunsAndAfterwards()
    {
        using var program = host.Program();
        host.Played.Prepare = item => item.Ordinal % 5 == 4 ? new ItemSkipped("fifth") : null;
        using var gate = new SemaphoreSlim(400);
        host.Played.Run = async (item, cancellationToken) =>
        {
            await gate.WaitAsync(cancellationToken);
            return item.Ordinal % 5 == 3 ? new ItemFailed("fourth", "again", 1) : new ItemSucceeded("done");
        };
        var id = await program.StartPlayedAsync(1000, maxConcurrency: 20);
        try
        {
            await WebHost.UntilAsync("400 items ran", async () => Sum(await LedgerAsync(program, id), "succeeded", "failed") == 400);
            var under = await LedgerAsync(program, id);
            Assert.Equal((1000, true), (Sum(under, "succeeded", "failed", "skipped", "cancelled", "pending"), under.GetProperty("balanced").GetBoolean()));
            Assert.True(Sum(under, "pending") >= 400);
        }
        finally
        {
            gate.Release(600);
        }

        await program.WhenAsync(id, "completed");
        host.Played.Prepare = _ => null;

        Assert.Equal("""{"submitted":1000,"succeeded":600,"failed":200,"skipped":200,"cancelled":0,"pending":0,"balanced":true}""", (await program.GetAsync($"/api/jobs/{id}/ledger")).Text);
    }

    [Theory]
    [InlineData("UPDATE chunks SET outcomes = replace(outcomes, 's', 'k') WHERE job_id = $1")]
    [InlineData("UPDATE jobs SET succeeded = succeeded + 1 WHERE id = $1")]
    [InlineData("DELETE FROM failures WHERE job_id = $1")]
    public async Task Ledger_IsNotBalanced_WhenARowWasTamperedWith(string tamper)
    {
        using var program = host.Program();
        var id = await FailAsync(program, 10, item => item.Ordinal < 2 ? ("teapot", "empty") : null);
        Assert.True((await LedgerAsync(program, id)).GetProperty("balanced").GetBoolean());

        await host.Postgres.ExecuteAsync(tamper, id);

        Assert.False((await LedgerAsync(program, id)).GetProperty("balanced").GetBoolean());
    }

    private async Task<Guid> FailAsync(WebHostClient program, int items, Func<Item, (string Cause, string Message)?> failure)
    {
        host.Played.Run = (item, _) => Task.FromResult<ItemOutcome>(failure(item) is var (cause, message) ? new ItemFailed(cause, message, 3) : new ItemSucceeded("done"));
        var id = await program.StartPlayedAsync(items);
        await program.WhenAsync(id, "completed");
        return id;
    }

    private static async Task<JsonElement> LedgerAsync(WebHostClient program, Guid id) => (await program.GetAsync($"/api/jobs/{id}/ledger")).Json;

    private static long Sum(JsonElement ledger, params string[] names) => names.Sum(name => ledger.GetProperty(name).GetInt64());

    /// <summary>Reads CSV by RFC 4180, as a spreadsheet does.</summary>
    private static List<List<string>> Csv(string text)
    {
        var rows = new List<List<string>> { new() };
        var (cell, quoted) = (new System.Text.StringBuilder(), false);
        for (var i = 0; i < text.Length; i++)
        {
            if (quoted)
            {
                if (text[i] != '"')
                {
                    cell.Append(text[i]);
                }
                else if (i + 1 < text.Length && text[i + 1] == '"')
                {
                    cell.Append(text[++i]);
                }
                else
                {
                    quoted = false;
                }
            }
            else if (text[i] == '"')
            {
                quoted = true;
            }
            else if (text[i] is ',' or '\n')
            {
                rows[^1].Add(cell.ToString());
                cell.Clear();
                if (text[i] == '\n' && i + 1 < text.Length)
                {
                    rows.Add([]);
                }
            }
            else if (text[i] != '\r')
            {
                cell.Append(text[i]);
            }
        }

        return rows;
    }
}
