using System.Net;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Web.Api;

/// <summary><c>GET /api/jobs/{id}/events</c>: whoever watches sees the newest, and always the end.</summary>
public sealed class ApiJobEventsTests(WebHost host) : IClassFixture<WebHost>
{
    [Fact]
    public async Task Stream_TellsOfAGrowingJob_AndEndsWithIt()
    {
        using var program = host.Program();
        host.Played.Run = async (_, cancellationToken) =>
        {
            await Task.Delay(5, cancellationToken); // an upstream that takes its time
            return new ItemSucceeded("done");
        };
        var id = await program.StartPlayedAsync(1000, maxConcurrency: 5);
        using var events = await program.OpenEventsAsync($"/api/jobs/{id}/events");

        Assert.Equal("text/event-stream", events.Response.Content.Headers.ContentType?.MediaType);
        Assert.True(events.Response.Headers.CacheControl?.NoStore);
        var all = await events.ToEndAsync();

        Assert.Equal("retry", all[0].Name);
        var progress = all.Where(seen => seen.Name == "progress").ToList();
        Assert.True(progress.Count >= 5, $"Only {progress.Count} snapshots.");
        var ids = progress.ConvertAll(seen => long.Parse(seen.Id!, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(ids.Distinct().Order(), ids);
        var succeeded = progress.ConvertAll(seen => seen.Json.GetProperty("succeeded").GetInt64());
        Assert.Equal(succeeded.Order(), succeeded);
        Assert.Equal(1000, succeeded[^1]);
        Assert.All(progress.Where(seen => seen.Json.GetProperty("status").GetString() != "planning"), seen => Assert.Equal(1000, seen.Json.GetProperty("succeeded").GetInt64() + seen.Json.GetProperty("pending").GetInt64()));
        Assert.Contains(progress, seen => seen.Json.GetProperty("ratePerSecond").GetDouble() > 0 && seen.Json.GetProperty("etaSeconds").ValueKind != System.Text.Json.JsonValueKind.Null);
        Assert.Equal("done", all[^1].Name);
        Assert.Equal(("completed", 1000), (all[^1].Json.GetProperty("status").GetString(), all[^1].Json.GetProperty("progress").GetProperty("succeeded").GetInt64()));
        Assert.True(all[^1].Json.GetProperty("finishedAt").GetDateTimeOffset() > default(DateTimeOffset));
        Assert.Single(all, seen => seen.Name == "done");
    }

    [Fact]
    public async Task NewsOfAllJobs_BeginWithAnEvent_AndComeAsAStreamOfEvents()
    {
        using var program = host.Program();
        using var events = await program.OpenEventsAsync("/api/jobs/events");

        Assert.Equal("text/event-stream", events.Response.Content.Headers.ContentType?.MediaType);
        while (await events.NextAsync() is { } seen && seen.Name != "changed")
        {
            Assert.Equal("retry", seen.Name); // how soon to come back
        }
    }

    [Fact]
    public async Task Snapshots_ComeAtMostTenASecond_HoweverFastTheJobIs()
    {
        using var program = host.Program();
        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done"));
        var id = await program.StartPlayedAsync(40_000);
        using var events = await program.OpenEventsAsync($"/api/jobs/{id}/events");

        var all = await events.ToEndAsync();

        var allowed = (all[^1].At.TotalSeconds * 10) + 3; // the first, the last, and one that was just due
        Assert.InRange(all.Count(seen => seen.Name == "progress"), 1, (int)Math.Ceiling(allowed));
        Assert.Equal(40_000, all[^1].Json.GetProperty("progress").GetProperty("succeeded").GetInt64());
    }

    [Theory]
    [InlineData("completed")]
    [InlineData("cancelled")]
    [InlineData("failed")]
    public async Task JobThatHasEnded_TellsItsEndAtOnce(string status)
    {
        using var program = host.Program();
        using var held = host.HoldItems();
        var id = await program.StartPlayedAsync(3);
        await program.WhenAsync(id, "running");
        if (status == "cancelled")
        {
            await program.PostAsync($"/api/jobs/{id}/cancel");
        }
        else
        {
            host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(status == "failed" ? new ItemRefused("the password is wrong") : new ItemSucceeded("done"));
            await program.PostAsync($"/api/jobs/{id}/pause"); // what is held back is given up and tried anew
            await program.PostAsync($"/api/jobs/{id}/resume");
        }

        await program.WhenAsync(id, status);
        using var events = await program.OpenEventsAsync($"/api/jobs/{id}/events");
        var all = await events.ToEndAsync();

        // The row may say so a moment before its pump does: then the newest snapshot is followed by the last one.
        Assert.Equal(("retry", "done"), (all[0].Name, all[^1].Name));
        Assert.Single(all, seen => seen.Name == "done");
        Assert.Equal(status, all.Last(seen => seen.Name == "progress").Json.GetProperty("status").GetString());
        Assert.Equal(status, all[^1].Json.GetProperty("status").GetString());
        Assert.Equal(status == "failed" ? "the password is wrong" : null, all[^1].Json.GetProperty("error").GetString());
    }

    [Fact]
    public async Task WatcherThatComesBack_GetsTheNewestSnapshotFirst_AndTheEnd()
    {
        using var program = host.Program();
        using var gate = new SemaphoreSlim(0);
        host.Played.Run = async (_, cancellationToken) =>
        {
            await gate.WaitAsync(cancellationToken);
            return new ItemSucceeded("done");
        };
        var id = await program.StartPlayedAsync(100, maxConcurrency: 10);
        string lastSeen;
        using (var first = await program.OpenEventsAsync($"/api/jobs/{id}/events"))
        {
            lastSeen = (await first.NextAsync("progress")).Id!;
        }

        gate.Release(30);
        await WebHost.UntilAsync("30 items are committed", async () => (await program.JobAsync(id)).GetProperty("progress").GetProperty("succeeded").GetInt64() == 30);
        using var again = await program.OpenEventsAsync($"/api/jobs/{id}/events", lastSeen);

        var newest = await again.NextAsync("progress");
        Assert.Equal(30, newest.Json.GetProperty("succeeded").GetInt64());
        Assert.True(long.Parse(newest.Id!, System.Globalization.CultureInfo.InvariantCulture) > long.Parse(lastSeen, System.Globalization.CultureInfo.InvariantCulture));
        gate.Release(70);
        Assert.Equal(100, (await again.NextAsync("done")).Json.GetProperty("progress").GetProperty("succeeded").GetInt64());
        Assert.Null(await again.NextAsync());
    }

    [Fact]
    public async Task WatcherThatComesBackAfterTheEnd_GetsTheEnd()
    {
        using var program = host.Program();
        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done"));
        var id = await program.StartPlayedAsync(3);
        await program.WhenAsync(id, "completed");

        using var events = await program.OpenEventsAsync($"/api/jobs/{id}/events", lastEventId: long.MaxValue.ToString(System.Globalization.CultureInfo.InvariantCulture));

        Assert.Equal("completed", (await events.NextAsync("done")).Json.GetProperty("status").GetString());
    }

    [Fact]
    public async Task WatcherStays_WhileTheJobIsPausedAndResumed()
    {
        using var program = host.Program();
        using var held = host.HoldItems();
        var id = await program.StartPlayedAsync(3);
        using var events = await program.OpenEventsAsync($"/api/jobs/{id}/events");
        await events.NextAsync("progress");

        await program.PostAsync($"/api/jobs/{id}/pause");
        await UntilStatusAsync(events, "paused");
        await program.PostAsync($"/api/jobs/{id}/resume");
        held.Dispose();

        Assert.Equal("completed", (await events.NextAsync("done")).Json.GetProperty("status").GetString());
    }

    [Fact]
    public async Task WatcherOfAJobThatIsCancelled_GetsTheEnd()
    {
        using var program = host.Program();
        using var held = host.HoldItems();
        var id = await program.StartPlayedAsync(3);
        using var events = await program.OpenEventsAsync($"/api/jobs/{id}/events");
        await events.NextAsync("progress");

        await program.PostAsync($"/api/jobs/{id}/cancel");

        var done = await events.NextAsync("done");
        Assert.Equal(("cancelled", 3), (done.Json.GetProperty("status").GetString(), done.Json.GetProperty("progress").GetProperty("cancelled").GetInt64()));
        Assert.Null(await events.NextAsync());
    }

    [Fact]
    public async Task Failures_AreShownWhileTheyHappen_OnePerCauseAndSecond()
    {
        using var program = host.Program();
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Played.Run = async (item, cancellationToken) =>
        {
            await held.Task.WaitAsync(cancellationToken);
            return new ItemFailed(item.Ordinal % 2 == 0 ? "teapot" : "kettle", $"no tea in {item.Key}", 1);
        };
        var id = await program.StartPlayedAsync(50);
        using var events = await program.OpenEventsAsync($"/api/jobs/{id}/events");
        await events.NextAsync("progress");
        held.SetResult();

        var all = await events.ToEndAsync();

        var failures = all.Where(seen => seen.Name == "failure").Select(seen => seen.Json).ToList();
        Assert.Equal(["kettle", "teapot"], failures.Select(failure => failure.GetProperty("cause").GetString()).Distinct().Order());
        Assert.InRange(failures.Count, 2, 10); // and not fifty
        Assert.All(failures, failure => Assert.Equal($"no tea in {failure.GetProperty("key").GetString()}", failure.GetProperty("message").GetString()));
        Assert.All(failures, failure => Assert.Equal(failure.GetProperty("key").GetString(), failure.GetProperty("ordinal").GetInt64().ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task ManyWatchersOfOneJob_AllSeeTheEnd()
    {
        using var program = host.Program();
        using var held = host.HoldItems();
        var id = await program.StartPlayedAsync(20);
        var opened = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => program.OpenEventsAsync($"/api/jobs/{id}/events")));
        held.Dispose();

        var ends = await Task.WhenAll(opened.Select(events => events.NextAsync("done")));

        Assert.All(ends, end => Assert.Equal(20, end.Json.GetProperty("progress").GetProperty("succeeded").GetInt64()));
        foreach (var events in opened)
        {
            events.Dispose();
        }
    }

    [Fact]
    public async Task QuietStream_SaysThatItIsStillThere()
    {
        using var program = host.Program();
        using var held = host.HoldItems();
        var id = await program.StartPlayedAsync(3, maxConcurrency: 1);
        await program.PostAsync($"/api/jobs/{id}/pause");
        held.Dispose();
        await WebHost.UntilAsync("nothing is in flight", async () => (await program.JobAsync(id)).GetProperty("progress").GetProperty("inFlight").GetInt32() == 0);
        using var events = await program.OpenEventsAsync($"/api/jobs/{id}/events");
        await events.NextAsync("progress");

        Assert.Equal("still here", (await events.NextAsync("comment")).Comment);
    }

    [Fact]
    public async Task JobThatNeverWas_Is404()
    {
        using var program = host.Program();

        (await program.GetAsync($"/api/jobs/{Guid.NewGuid()}/events")).Problem(HttpStatusCode.NotFound);
    }

    private static async Task UntilStatusAsync(WebHostEvents events, string status)
    {
        while ((await events.NextAsync("progress")).Json.GetProperty("status").GetString() != status)
        {
        }
    }
}
