using System.Net;
using System.Text;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Ingest;

/// <summary>The pages of ingests, usernames and distributions.</summary>
public sealed class PagesTests(WebHost host) : IClassFixture<WebHost>
{
    [Fact]
    public async Task UploadedFile_IsIngested_AndItsPageShowsTheResult_WithTheRejectedRows()
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        using var answer = await UploadAsync(browser, "/ingest", "pages.csv", "id,username\npage1,Ada\npage1,Again\n,nobody\n");
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        var path = answer.Headers.Location!.OriginalString;
        await host.Postgres.WaitUntilAsync("the ingest is done", "SELECT status = 'completed' FROM jobs WHERE id = $1", Guid.Parse(path.Split('/')[^1]));
        var page = await browser.ReadAsync(path);

        Assert.Contains("Ingest pages.csv", page, StringComparison.Ordinal);
        Assert.Contains("Known already</dt><dd>1</dd>", page, StringComparison.Ordinal);
        Assert.Contains("id is missing", page, StringComparison.Ordinal);
        Assert.Contains("failures?format=csv", page, StringComparison.Ordinal);
        Assert.Contains(">Ada<", await browser.ReadAsync("/usernames?query=ad"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rows.xlsx", "id,username\nx,y\n", "must end in .csv")]
    [InlineData("rows.csv", "a,b\nx,y\n", "no columns id and username")]
    public async Task FileThatIsNone_IsRefusedOnThePage(string name, string content, string sentence)
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        using var answer = await UploadAsync(browser, "/ingest", name, content);

        Assert.False(answer.IsSuccessStatusCode);
        Assert.Contains(sentence, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WalkOverTheUsernames_MeetsEachOnce_HoweverTheyAreFiltered()
    {
        await host.Postgres.ExecuteAsync("INSERT INTO global_usernames (id, username, used, ingested_at, job_id, ord) SELECT 'walk' || n, 'Walk' || n % 40, n % 3 = 0, timestamptz '2020-05-01' + n / 7 * interval '1 hour', gen_random_uuid(), n FROM generate_series(1, 120) n");
        using var program = host.Program();

        foreach (var (filter, count) in new[] { ("q=walk", 120), ("q=WALK1", 33), ("ingestedFrom=2020-05-01&ingestedTo=2020-05-02", 120), ("used=true&ingestedFrom=2020-05-01&ingestedTo=2020-06-01", 40), ("used=false&ingestedFrom=2020-05-01&ingestedTo=2020-06-01", 80), ("q=walk&used=true", 40) })
        {
            var seen = new List<string>();
            for (string? after = null; ;)
            {
                var page = (await program.GetAsync($"/api/usernames?{filter}&limit=7{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}")).Json;
                seen.AddRange(page.GetProperty("items").EnumerateArray().Select(row => row.GetProperty("id").GetString()!));
                if ((after = page.GetProperty("next").GetString()) is null)
                {
                    break;
                }
            }

            Assert.True(seen.Count == count && seen.Distinct().Count() == count, $"{filter}: {seen.Count} seen, {seen.Distinct().Count()} different; expected {count}");
        }

        Assert.Contains("used must be", (await program.GetAsync("/api/usernames?used=maybe")).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.Contains("ingestedFrom", (await program.GetAsync("/api/usernames?ingestedFrom=then")).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        foreach (var after in new[] { "x", "-9223372036854775808.1.a", "-70000000000000000.1.a", "99999999999999999999.1.a", "1.1.\U0001F600" })
        {
            Assert.Contains("after must be", (await program.GetAsync($"/api/usernames?after={Uri.EscapeDataString(after)}")).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Search_FindsEveryNameThatBeginsSo_WhateverFollows()
    {
        await host.Postgres.ExecuteAsync("INSERT INTO global_usernames (id, username, ingested_at, job_id, ord) SELECT 'beyond' || n, 'Begin' || (ARRAY['', 'a', chr(65535 - 2), chr(128512)])[n], '2020-06-01', gen_random_uuid(), n FROM generate_series(1, 4) n");
        using var program = host.Program();

        Assert.Equal(4, (await program.GetAsync("/api/usernames?q=begin")).Json.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task DistributionIsMade_FollowedUp_AndScheduledOnThePages()
    {
        await host.Postgres.ExecuteAsync("INSERT INTO global_usernames (id, username, ingested_at, job_id, ord) SELECT 'form' || n, 'form', '2019-01-01', gen_random_uuid(), n FROM generate_series(1, 9) n");
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        using var made = await browser.SubmitAsync("/distributions", Form("page one", "3"));
        var path = made.Headers.Location!.OriginalString;
        Assert.Matches("^/distributions/[0-9a-f-]{36}$", path);
        using var followed = await browser.SubmitAsync(path, new Dictionary<string, string> { ["status"] = "done", ["ids"] = "form1\nform2\nelse" });
        var page = await browser.ReadAsync(path);
        using var tooMany = await browser.SubmitAsync("/distributions", Form("page two", "100000"));
        using var scheduled = await browser.SubmitAsync("/distributions/schedules", new Dictionary<string, string>(Form("page daily", "5")) { ["at"] = "06:30", ["zone"] = "Europe/Berlin", ["enabled"] = "true" });

        Assert.Contains("2 statuses are set. 1 of the ids were not handed out here.", page, StringComparison.Ordinal);
        Assert.Contains("export.csv?recipient=ada", page, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, tooMany.StatusCode);
        Assert.Contains("100,000 are wanted", await tooMany.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Redirect, scheduled.StatusCode);
        Assert.Contains("06:30 Europe/Berlin", await browser.ReadAsync("/distributions/schedules"), StringComparison.Ordinal);
        Assert.Contains(">page one</a>", await browser.ReadAsync("/distributions"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NumberThatCannotBeRead_HandsNothingOut_AndIsNoSchedule()
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        foreach (var count in new[] { "1e3", "", "many" })
        {
            using var handed = await browser.SubmitAsync("/distributions", Form("unread", count));
            using var scheduled = await browser.SubmitAsync("/distributions/schedules", new Dictionary<string, string>(Form("unread", count)) { ["at"] = "06:30", ["zone"] = "UTC", ["enabled"] = "true" });

            Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (handed.StatusCode, scheduled.StatusCode));
            Assert.Contains("The field &#x27;Count&#x27; cannot be read, so nothing was done.", await handed.Content.ReadAsStringAsync(), StringComparison.OrdinalIgnoreCase);
        }

        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT (SELECT count(*) FROM distributions WHERE name = 'unread') + (SELECT count(*) FROM distribution_schedules WHERE name = 'unread')"));
    }

    [Fact]
    public async Task Schedule_IsChangedOnlyWhereItIsEdited_AndDeletedAfterAsking()
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);
        var fields = new Dictionary<string, string>(Form("kept", "5")) { ["at"] = "06:30", ["zone"] = "UTC" };
        (await browser.SubmitAsync("/distributions/schedules", fields)).Dispose();
        await host.Postgres.ExecuteAsync("UPDATE distribution_schedules SET last_run = now() - interval '3 days', last_result = '5 handed out' WHERE name = 'kept'");

        using var silent = await browser.SubmitAsync("/distributions/schedules", new Dictionary<string, string>(fields) { ["count"] = "6" });
        var form = await browser.ReadAsync("/distributions/schedules?name=kept");
        Assert.Equal(HttpStatusCode.Conflict, silent.StatusCode);
        Assert.Contains("There is a schedule &#x27;kept&#x27; already", await silent.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("name=\"known\" value=\"kept\"", form, StringComparison.Ordinal);
        Assert.Contains("3 days ago</time>: 5 handed out", form, StringComparison.Ordinal);
        Assert.DoesNotContain("name=\"enabled\" value=\"true\" checked", form, StringComparison.Ordinal);

        using var edited = await browser.SubmitAsync("/distributions/schedules", new Dictionary<string, string>(fields) { ["count"] = "7", ["known"] = "kept" });
        Assert.Equal(7, await host.Postgres.QueryAsync<int>("SELECT count FROM distribution_schedules WHERE name = 'kept'"));
        Assert.Contains("It hands out <strong>7</strong> usernames to 2 recipients every day at 06:30 UTC, but is switched off now.", await browser.ReadAsync("/distributions/schedules/delete?name=kept"), StringComparison.Ordinal);
        using var deleted = await browser.SubmitAsync("/distributions/schedules/delete?name=kept", new Dictionary<string, string> { ["name"] = "kept" });
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM distribution_schedules WHERE name = 'kept'"));
        using var gone = await browser.GetAsync("/distributions/schedules/delete?name=kept");
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Fact]
    public async Task StatusesOfADistribution_AreSetByFile_AllOrNone()
    {
        await host.Postgres.ExecuteAsync("INSERT INTO global_usernames (id, username, ingested_at, job_id, ord) SELECT 'file' || n, 'file', '2018-01-01', gen_random_uuid(), n FROM generate_series(1, 3) n");
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);
        using var made = await browser.SubmitAsync("/distributions", Form("by file", "3"));
        var path = made.Headers.Location!.OriginalString;

        using var wrong = await UploadAsync(browser, path, "statuses.csv", "id,status\nfile1,done\nfile2,finished\n");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Contains("Entry 1 has no id, or a status that is none of", await wrong.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("assigned,assigned,assigned", await StatusesAsync());

        using var taken = await UploadAsync(browser, path, "statuses.csv", "status,id\ndone,file1\nrejected,file2\ndone,file3\n");
        Assert.Contains("3 statuses are set.", await browser.ReadAsync(path), StringComparison.Ordinal);
        Assert.Equal("done,done,rejected", await StatusesAsync());

        Task<string> StatusesAsync() => host.Postgres.QueryAsync<string>("SELECT string_agg(status, ',' ORDER BY status) FROM distribution_assignments WHERE id LIKE 'file_'");
    }

    [Fact]
    public async Task CleaningUp_SaysHowMany_BeforeItRemovesThem()
    {
        await host.Postgres.ExecuteAsync("INSERT INTO global_usernames (id, username, ingested_at, job_id, ord) SELECT 'old' || n, 'old', '2017-01-01', gen_random_uuid(), n FROM generate_series(1, 4) n");
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);
        using var made = await browser.SubmitAsync("/distributions", Form("cleaned", "4"));
        await host.Postgres.ExecuteAsync("UPDATE distribution_assignments SET status = 'contacted', status_at = now() - interval '40 days' WHERE id IN ('old1', 'old2', 'old3')");
        const string Path = "/distributions/clean-up?status=contacted&days=30&release=true";

        Assert.Contains("<strong>3 assignments have</strong> been <strong>contacted</strong> for 30 days", await browser.ReadAsync(Path), StringComparison.Ordinal);
        Assert.Contains("nothing to remove", await browser.ReadAsync("/distributions/clean-up?status=contacted&days=41"), StringComparison.Ordinal);
        using var wrong = await browser.GetAsync("/distributions/clean-up?status=lost&days=x");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Equal(4, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM distribution_assignments WHERE id LIKE 'old_'"));

        using var done = await browser.SubmitAsync(Path, new Dictionary<string, string> { ["status"] = "contacted", ["days"] = "30", ["release"] = "true" });
        Assert.Equal(HttpStatusCode.Redirect, done.StatusCode);
        Assert.Contains("3 assignments are removed, 3 usernames can be handed out again.", await browser.ReadAsync("/distributions"), StringComparison.Ordinal);
        Assert.Equal(3, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM global_usernames WHERE id LIKE 'old_' AND NOT used"));
    }

    [Fact]
    public async Task Viewers_SeeNoForms_AndAreRefused()
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);

        foreach (var path in new[] { "/ingest", "/distributions", "/distributions/schedules" })
        {
            Assert.DoesNotContain("<button>", await browser.ReadAsync(path), StringComparison.Ordinal);
        }

        var token = await browser.TokenAsync("/ingest"); // that of the form to sign out
        using var refused = await browser.SubmitAsync("/distributions", Form("not me", "1"), token);
        Assert.False(refused.IsSuccessStatusCode);
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM distributions WHERE name = 'not me'"));
    }

    private static Dictionary<string, string> Form(string name, string count) => new() { ["name"] = name, ["count"] = count, ["recipients"] = "ada\nbob" };

    private static async Task<HttpResponseMessage> UploadAsync(Browser browser, string path, string name, string content)
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent(await browser.TokenAsync(path)), "__RequestVerificationToken" },
            { new ByteArrayContent(Encoding.UTF8.GetBytes(content)), "file", name },
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = form };
        return await browser.SendAsync(request);
    }
}
