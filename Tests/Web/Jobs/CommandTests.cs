using System.Net;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Jobs;

/// <summary>Commanding a job from its page.</summary>
public sealed class CommandTests(WebHost host) : IClassFixture<WebHost>
{
    private static readonly Dictionary<string, string> Nothing = [];

    [Fact]
    public async Task Job_IsPausedResumedAndCancelled_AndTheAuditHasIt()
    {
        using var program = host.Program();
        using var held = host.HoldItems();
        var id = await program.StartPlayedAsync(3);
        await program.WhenAsync(id, "running");
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        foreach (var (verb, status, words) in new[] { ("pause", "paused", "The job is paused."), ("resume", "running", "The job goes on."), ("cancel", "cancelled", "The job is cancelled.") })
        {
            using var answer = await browser.SubmitAsync($"/jobs/{id}/{verb}", Nothing);

            Assert.Equal((HttpStatusCode.Redirect, $"/jobs/{id}"), (answer.StatusCode, answer.Headers.Location?.ToString()));
            Assert.Contains(words, await browser.ReadAsync($"/jobs/{id}"), StringComparison.Ordinal);
            await program.WhenAsync(id, status);
            Assert.Equal(1, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM audit WHERE action = $1 AND subject = $2 AND actor = $3", $"job.{verb}", id.ToString(), browser.UserName));
        }
    }

    [Fact]
    public async Task Cancel_AsksBackFirst_AndNamesWhatWouldBeLost()
    {
        using var program = host.Program();
        using var held = host.HoldItems();
        var id = await program.StartPlayedAsync(1500);
        await program.WhenAsync(id, "running");
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        var question = await browser.ReadAsync($"/jobs/{id}/cancel");

        Assert.Contains("Cancel this job?", question, StringComparison.Ordinal);
        Assert.Contains("1,500 are pending", question, StringComparison.Ordinal);
        Assert.Equal("running", (await program.JobAsync(id)).GetProperty("status").GetString());
        await program.PostAsync($"/api/jobs/{id}/cancel");
    }

    [Fact]
    public async Task FailedItemsOfOneCause_AreRetriedFromThePage()
    {
        using var program = host.Program();
        host.Played.Run = (item, _) => Task.FromResult<ItemOutcome>(new ItemFailed(item.Ordinal < 2 ? "tea & pot" : "kettle", "empty", 1));
        var id = await program.StartPlayedAsync(5);
        await program.WhenAsync(id, "completed");
        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done"));
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        using var answer = await browser.SubmitAsync($"/jobs/{id}/retry-failed", new Dictionary<string, string> { ["cause"] = "tea & pot" });

        Assert.Contains("2 failed items are tried again.", await browser.ReadAsync($"/jobs/{id}"), StringComparison.Ordinal);
        await WebHost.UntilAsync("two items succeeded", async () => (await program.JobAsync(id)).GetProperty("progress").GetProperty("succeeded").GetInt32() == 2);
        Assert.Equal(3, (await program.WhenAsync(id, "completed")).GetProperty("progress").GetProperty("failed").GetInt32());
    }

    [Fact]
    public async Task CommandThatTheStateForbids_SaysSo_AndChangesNothing()
    {
        using var program = host.Program();
        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done"));
        var id = await program.StartPlayedAsync(1);
        await program.WhenAsync(id, "completed");
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        using var answer = await browser.SubmitAsync($"/jobs/{id}/pause", Nothing);

        Assert.Contains("Nothing was changed. Only a queued, planning or running job can be paused; this one is completed.", await browser.ReadAsync($"/jobs/{id}"), StringComparison.Ordinal);
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM audit WHERE action = 'job.pause' AND subject = $1", id.ToString()));
    }

    [Fact]
    public async Task Viewer_Gets403_WhateverItPosts()
    {
        using var program = host.Program();
        using var held = host.HoldItems();
        var id = await program.StartPlayedAsync(3);
        await program.WhenAsync(id, "running");
        using var viewer = await Visitor.SignInAsync(host, Roles.Viewer);
        var token = await viewer.TokenAsync("/account/password");

        foreach (var verb in new[] { "pause", "resume", "cancel", "retry-failed" })
        {
            using var answer = await viewer.SubmitAsync($"/jobs/{id}/{verb}", Nothing, token);
            using var question = await viewer.GetAsync($"/jobs/{id}/{verb}");
            Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (answer.StatusCode, question.StatusCode));
        }

        Assert.Equal("running", (await program.JobAsync(id)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task FormWithoutItsToken_IsRefused()
    {
        using var program = host.Program();
        using var held = host.HoldItems();
        var id = await program.StartPlayedAsync(3);
        await program.WhenAsync(id, "running");
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        using var answer = await browser.PostAsync($"/jobs/{id}/cancel", Nothing);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("running", (await program.JobAsync(id)).GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("explode")]
    [InlineData("Retry-Failed")]
    public async Task VerbThatIsNone_IsNotFound(string verb)
    {
        using var program = host.Program();
        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done"));
        var id = await program.StartPlayedAsync(1);
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);
        using var answer = await browser.GetAsync($"/jobs/{id}/{verb}");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }
}
