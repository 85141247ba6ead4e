using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OrleansBulk.Distribution;
using OrleansBulk.Storage;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Distribution;

/// <summary><c>/api/distributions</c>: each username once, evenly, oldest first; statuses, cleanup, lists and exports.</summary>
public sealed class DistributionTests : IAsyncLifetime
{
    private WebHost _host = null!;
    private WebHostClient _program = null!;

    public async Task InitializeAsync()
    {
        _host = await WebHost.StartAsync();
        _program = _host.Program();
    }

    public async Task DisposeAsync()
    {
        _program.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task TheOldestUnused_AreHandedOutEvenly()
    {
        await UsernamesAsync(20_000);

        var answer = await _program.PostAsync("/api/distributions", new { name = "monday", count = 14_400, recipientCount = 80 });

        Assert.Equal((14_400, 180, 0), (Int(answer, "selected"), Int(answer, "perRecipient"), Int(answer, "remainder")));
        Assert.Equal(80, await _host.Postgres.QueryAsync<long>("SELECT count(*) FROM (SELECT recipient FROM distribution_assignments GROUP BY recipient HAVING count(*) = 180) AS even"));
        Assert.Equal(14_400, await _host.Postgres.QueryAsync<long>("SELECT count(*) FROM global_usernames WHERE used AND used_at IS NOT NULL"));
        Assert.True(await _host.Postgres.QueryAsync<bool>("SELECT (SELECT max(ingested_at) FROM global_usernames WHERE used) <= (SELECT min(ingested_at) FROM global_usernames WHERE NOT used)"));
    }

    [Fact]
    public async Task WhoWaitsForAnotherDistribution_HoldsNoConnectionOfThePages()
    {
        await UsernamesAsync(20);
        Task<WebHostClient.Answer>[] made;
        await using (var other = await _host.Postgres.OpenAsync())
        {
            await using var hold = new Npgsql.NpgsqlCommand("SELECT pg_advisory_lock(hashtext('distributions'))", other);
            await hold.ExecuteNonQueryAsync();
            made = [.. Enumerable.Range(0, 6).Select(number => _program.PostAsync("/api/distributions", new { name = $"at once {number}", count = 2, recipientCount = 1 }))];
            await _host.Postgres.WaitUntilAsync("one of them waits", "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory')");

            Assert.Equal(0, await _host.Postgres.QueryAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory' AND application_name = 'bulk-interactive'"));
            Assert.Equal(HttpStatusCode.OK, (await _program.GetAsync("/api/distributions")).Status);
        }

        Assert.All(await Task.WhenAll(made), answer => Assert.Equal(2, Int(answer, "selected")));
    }

    [Fact]
    public async Task ReadersOfExportsWhoStandStill_HoldNoConnectionOfThePages()
    {
        await UsernamesAsync(10);
        var id = Id(await _program.PostAsync("/api/distributions", new { name = "slowly", count = 10, recipientCount = 3 }));
        var assignments = new AssignmentStore(_host.Services.GetRequiredService<Database>(), TimeProvider.System) { ExportPage = 2 };
        var readers = Enumerable.Range(0, Database.InteractiveConnections).Select(_ => assignments.ExportAsync(id, null, CancellationToken.None).GetAsyncEnumerator()).ToArray();
        foreach (var reader in readers)
        {
            Assert.True(await reader.MoveNextAsync());
        }

        var all = await RowsAsync(null);

        Assert.Equal(10, all.Distinct().Count());
        Assert.Equal(all, all.OrderBy(row => row.Recipient, StringComparer.Ordinal).ThenBy(row => row.Id, StringComparer.Ordinal));
        Assert.Equal(all.Where(row => row.Recipient == "recipient 2"), await RowsAsync(2));
        foreach (var reader in readers)
        {
            await reader.DisposeAsync();
        }

        async Task<List<AssignmentRow>> RowsAsync(int? recipient)
        {
            var rows = new List<AssignmentRow>();
            await foreach (var row in assignments.ExportAsync(id, recipient, CancellationToken.None))
            {
                rows.Add(row);
            }

            return rows;
        }
    }

    [Fact]
    public async Task ARemainder_IsSpreadOverTheFirst()
    {
        await UsernamesAsync(10);

        var answer = await _program.PostAsync("/api/distributions", new { name = "rest", count = 8, recipients = new[] { "ada", "bob", "cyd" } });
        var view = (await _program.GetAsync($"/api/distributions/{Id(answer)}")).Json;

        Assert.Equal((2, 2), (Int(answer, "perRecipient"), Int(answer, "remainder")));
        Assert.Equal([("ada", 3), ("bob", 3), ("cyd", 2)], view.GetProperty("recipients").EnumerateArray().Select(recipient => (recipient.GetProperty("name").GetString()!, recipient.GetProperty("total").GetInt32())));
    }

    [Fact]
    public async Task TheSameNameAgain_IsTheSameDistribution()
    {
        await UsernamesAsync(100);
        var request = new { name = "twice", count = 10, recipientCount = 2 };

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _program.PostAsync("/api/distributions", request)));

        Assert.Single(answers.Select(answer => answer.Text).Distinct());
        Assert.Equal(10, await _host.Postgres.QueryAsync<long>("SELECT count(*) FROM global_usernames WHERE used"));
        Assert.Equal(1, await _host.Postgres.QueryAsync<long>("SELECT count(*) FROM audit WHERE action = 'distribution.make'"));
    }

    [Fact]
    public async Task AtTheSameTime_NoUsernameIsHandedOutTwice()
    {
        await UsernamesAsync(2000);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => _program.PostAsync("/api/distributions", new { name = $"d{number}", count = 200 + number, recipientCount = 7 })));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        var handedOut = answers.Sum(answer => Int(answer, "selected"));
        Assert.Equal((8 * 200) + 28, handedOut);
        Assert.Equal(handedOut, await _host.Postgres.QueryAsync<long>("SELECT count(DISTINCT id) FROM distribution_assignments"));
        Assert.Equal(handedOut, await _host.Postgres.QueryAsync<long>("SELECT count(*) FROM global_usernames g JOIN distribution_assignments a USING (id) WHERE g.used"));
    }

    [Fact]
    public async Task TooFewUnused_IsAConflictWithTheNumberThereIs_UnlessAPartWillDo()
    {
        await UsernamesAsync(50);

        var few = await _program.PostAsync("/api/distributions", new { name = "large", count = 60, recipientCount = 4 });
        Assert.Contains("50 usernames are unused", few.Problem(HttpStatusCode.Conflict), StringComparison.Ordinal);
        Assert.Equal(50, Int(few, "available"));
        Assert.Equal(0, await _host.Postgres.QueryAsync<long>("SELECT (SELECT count(*) FROM distributions) + (SELECT count(*) FROM global_usernames WHERE used)"));

        var part = await _program.PostAsync("/api/distributions", new { name = "large", count = 60, recipientCount = 4, allowPartial = true });
        Assert.Equal((50, 12, 2), (Int(part, "selected"), Int(part, "perRecipient"), Int(part, "remainder")));
    }

    [Theory]
    [InlineData("""{"count": 5, "recipientCount": 2}""", "name must be")]
    [InlineData("""{"name": "x", "count": 0, "recipientCount": 2}""", "count is 0")]
    [InlineData("""{"name": "x", "count": 5}""", "either recipients")]
    [InlineData("""{"name": "x", "recipientCount": 2, "recipients": ["a"]}""", "either recipients")]
    [InlineData("""{"name": "x", "recipientCount": -1}""", "recipientCount is -1")]
    [InlineData("""{"name": "x", "recipients": []}""", "0 recipients")]
    [InlineData("""{"name": "x", "recipients": ["a", "b", "a"]}""", "more than once")]
    [InlineData("""{"name": "x", "recipients": [7]}""", "Send {")]
    [InlineData("[]", "Send {")]
    public async Task RequestThatIsWrong_IsRefusedWithASentence(string body, string sentence)
    {
        Assert.Contains(sentence, (await _program.PostAsync("/api/distributions", body)).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Statuses_AreSetInBulk_ByIdsAndByCsv()
    {
        await UsernamesAsync(10);
        var id = Id(await _program.PostAsync("/api/distributions", new { name = "followed", count = 6, recipientCount = 2 }));

        var byIds = await _program.PostAsync($"/api/distributions/{id}/status", new { status = "contacted", ids = new[] { "u000001", "u000002", "u000009", "nobody" } });
        var byCsv = await _program.PostTextAsync($"/api/distributions/{id}/status", "Status,ID\ndone,u000002\nrejected,u000003\n", "text/csv");

        Assert.Equal((2, 2), (Int(byIds, "updated"), Int(byIds, "unknown")));
        Assert.Equal((2, 0), (Int(byCsv, "updated"), Int(byCsv, "unknown")));
        Assert.Equal("assigned,contacted,done,rejected,assigned,assigned", await _host.Postgres.QueryAsync<string>("SELECT string_agg(status, ',' ORDER BY id) FROM distribution_assignments"));
        Assert.Contains("Entry 1", (await _program.PostTextAsync($"/api/distributions/{id}/status", "id,status\nu000001,done\nu000002,lost\n", "text/csv")).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.Equal("contacted", await _host.Postgres.QueryAsync<string>("SELECT status FROM distribution_assignments WHERE id = 'u000001'"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cleanup_RemovesByStatusAndAge_AndReleasesOnlyWhenTold(bool release)
    {
        await UsernamesAsync(10);
        var id = Id(await _program.PostAsync("/api/distributions", new { name = "old", count = 6, recipientCount = 2 }));
        await _program.PostAsync($"/api/distributions/{id}/status", new { status = "rejected", ids = new[] { "u000000", "u000001", "u000002" } });
        await _host.Postgres.ExecuteAsync("UPDATE distribution_assignments SET status_at = now() - interval '31 days' WHERE id <> 'u000000'");

        var result = await _program.PostAsync("/api/distributions/cleanup", new { olderThanDays = 30, status = "rejected", release });

        Assert.Equal((2, release ? 2 : 0), (Int(result, "removed"), Int(result, "released")));
        Assert.Equal("u000000,u000003,u000004,u000005", await _host.Postgres.QueryAsync<string>("SELECT string_agg(id, ',' ORDER BY id) FROM distribution_assignments"));
        var next = await _program.PostAsync("/api/distributions", new { name = "next", count = 100, recipientCount = 1, allowPartial = true });
        Assert.Equal(release ? 6 : 4, Int(next, "selected"));
    }

    [Fact]
    public async Task ExportOfOurOwn_IsTakenBackAsStatuses_WhateverItsIdsBeginWith()
    {
        await _host.Postgres.ExecuteAsync("INSERT INTO global_usernames (id, username, ingested_at, job_id, ord) SELECT id, 'x', '2026-01-01', gen_random_uuid(), 0 FROM unnest($1) AS id", (object)(string[])["-abc", "'-abc", "''=1", "=1", "@a", "+1", "'plain", "plain"]);
        var id = Id(await _program.PostAsync("/api/distributions", new { name = "there and back", count = 8, recipientCount = 1 }));
        var export = (await _program.GetAsync($"/api/distributions/{id}/export.csv")).Text;

        var answer = await _program.PostTextAsync($"/api/distributions/{id}/status", export.Replace(",assigned,", ",done,", StringComparison.Ordinal), "text/csv");

        Assert.Equal((8, 0), (Int(answer, "updated"), Int(answer, "unknown")));
    }

    [Fact]
    public async Task DistributionsAndAssignments_AreListedByDay_APageAtATime()
    {
        await UsernamesAsync(30);
        for (var day = 1; day <= 3; day++)
        {
            var id = Id(await _program.PostAsync("/api/distributions", new { name = $"day {day}", count = 5, recipientCount = 2 }));
            await _host.Postgres.ExecuteAsync("UPDATE distributions SET created_at = $2 WHERE id = $1", id, new DateTime(2026, 5, day, 12, 0, 0, DateTimeKind.Utc));
            await _host.Postgres.ExecuteAsync("UPDATE distribution_assignments SET assigned_at = $2 WHERE distribution_id = $1", id, new DateTime(2026, 5, day, 12, 0, 0, DateTimeKind.Utc));
        }

        var list = (await _program.GetAsync("/api/distributions?from=2026-05-02&to=2026-05-04&limit=1")).Json;
        Assert.Equal("day 3", list.GetProperty("items")[0].GetProperty("name").GetString());
        list = (await _program.GetAsync($"/api/distributions?from=2026-05-02&to=2026-05-04&limit=1&after={list.GetProperty("next").GetString()}")).Json;
        Assert.Equal("day 2", list.GetProperty("items")[0].GetProperty("name").GetString());
        list = (await _program.GetAsync($"/api/distributions?from=2026-05-02&to=2026-05-04&limit=1&after={list.GetProperty("next").GetString()}")).Json;
        Assert.Equal((0, JsonValueKind.Null), (list.GetProperty("items").GetArrayLength(), list.GetProperty("next").ValueKind));

        var ids = new List<string>();
        for (string? after = null; ;)
        {
            var page = (await _program.GetAsync($"/api/distributions/assignments?from=2026-05-01&to=2026-05-03&status=assigned&limit=3{(after is null ? "" : $"&after={after}")}")).Json;
            ids.AddRange(page.GetProperty("items").EnumerateArray().Select(row => row.GetProperty("id").GetString()!));
            if ((after = page.GetProperty("next").GetString()) is null)
            {
                break;
            }
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(number => $"u{number:000000}"), ids);
    }

    [Fact]
    public async Task Exports_AreCsvPerRecipient_AndAZipOfAll_WithoutFormulas()
    {
        await UsernamesAsync(4);
        await _host.Postgres.ExecuteAsync("UPDATE global_usernames SET username = '=HYPERLINK(\"x\")', full_name = '@sum, \"a\"' WHERE id = 'u000000'");
        var id = Id(await _program.PostAsync("/api/distributions", new { name = "files", count = 4, recipients = new[] { "=ada/../x", "bob" } }));

        var ada = await _program.GetAsync($"/api/distributions/{id}/export.csv?recipient={Uri.EscapeDataString("=ada/../x")}");
        var all = await _program.GetAsync($"/api/distributions/{id}/export.csv");
        await using var zip = new ZipArchive(await _program.Http.GetStreamAsync($"/api/distributions/{id}/export.zip"));

        Assert.Contains(""""u000000,"'=HYPERLINK(""x"")","'@sum, ""a""",'=ada/../x,assigned,"""", ada.Text, StringComparison.Ordinal);
        Assert.Equal((3, 5), (ada.Text.Count(character => character == '\n'), all.Text.Count(character => character == '\n')));
        Assert.Equal(["001--ada----x.csv", "002-bob.csv"], zip.Entries.Select(entry => entry.Name));
        using var first = new StreamReader(zip.Entries[0].Open());
        Assert.Equal(ada.Text, await first.ReadToEndAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await _program.GetAsync($"/api/distributions/{id}/export.csv?recipient=eve")).Status);
    }

    private Task UsernamesAsync(int count) => _host.Postgres.ExecuteAsync(
        "INSERT INTO global_usernames (id, username, ingested_at, job_id, ord) SELECT 'u' || lpad(n::text, 6, '0'), 'user' || n, timestamptz '2026-01-01' + n / 100 * interval '1 minute', gen_random_uuid(), n FROM generate_series(0, $1 - 1) n", count);

    private static Guid Id(WebHostClient.Answer answer) => answer.Json.GetProperty("id").GetGuid();

    private static int Int(WebHostClient.Answer answer, string name) => answer.Json.GetProperty(name).GetInt32();
}
