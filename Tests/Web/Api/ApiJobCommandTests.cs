using System.Net;
using System.Text.Json;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Web.Api;

/// <summary>Pause, resume, cancel and retry-failed, in every state that a job can be in.</summary>
public sealed class ApiJobCommandTests(WebHost host) : IClassFixture<WebHost>
{
    public static TheoryData<string, string, HttpStatusCode, string[]> EveryCommandInEveryState()
    {
        string[] goesOn = ["queued", "planning", "running", "completed"]; // how far it has come by the time it is looked at
        var all = new TheoryData<string, string, HttpStatusCode, string[]>();
        foreach (var state in new[] { "planning", "running", "paused", "completed", "cancelled", "failed" })
        {
            var (active, ended) = (state is "planning" or "running", state is "completed" or "cancelled");
            all.Add(state, "pause", active ? HttpStatusCode.Accepted : HttpStatusCode.Conflict, active ? ["paused"] : [state]);
            all.Add(state, "resume", state is "paused" or "failed" ? HttpStatusCode.Accepted : HttpStatusCode.Conflict, state is "paused" or "failed" ? goesOn : [state]);
            all.Add(state, "cancel", ended ? HttpStatusCode.Conflict : HttpStatusCode.Accepted, ended ? [state] : ["cancelled"]);
            all.Add(state, "retry-failed", HttpStatusCode.Conflict, active ? goesOn : [state]); // there are no failed items
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(EveryCommandInEveryState))]
    public async Task Command_IsTakenOrForbidden_AsTheStateSays(string state, string command, HttpStatusCode expected, string[] then)
    {
        using var program = host.Program();
        using var held = await BringIntoAsync(program, state);
        var noted = await NotedAsync(command, held.Id);

        var answer = await program.PostAsync($"/api/jobs/{held.Id}/{command}");

        if (expected == HttpStatusCode.Conflict)
        {
            Assert.Contains(command == "retry-failed" ? "no failed items" : $"this one is {state}", answer.Problem(HttpStatusCode.Conflict), StringComparison.Ordinal);
            Assert.Contains(answer.Json.GetProperty("jobStatus").GetString(), then);
        }
        else
        {
            Assert.True(answer.Status == expected, $"{command} while {state}: {answer}");
            Assert.Equal(held.Id, answer.Json.GetProperty("id").GetGuid());
            Assert.Contains(answer.Json.GetProperty("status").GetString(), then);
        }

        Assert.Contains((await program.JobAsync(held.Id)).GetProperty("status").GetString(), then);
        Assert.True((await LedgerAsync(program, held.Id)).GetProperty("balanced").GetBoolean());
        Assert.Equal(noted + (expected == HttpStatusCode.Accepted ? 1 : 0), await NotedAsync(command, held.Id));
    }

    [Theory]
    [InlineData("pause")]
    [InlineData("resume")]
    [InlineData("cancel")]
    [InlineData("retry-failed")]
    public async Task JobThatNeverWas_Is404(string command)
    {
        using var program = host.Program();
        var id = Guid.NewGuid();

        Assert.Contains(id.ToString(), (await program.PostAsync($"/api/jobs/{id}/{command}")).Problem(HttpStatusCode.NotFound), StringComparison.Ordinal);
        Assert.Contains(id.ToString(), (await program.GetAsync($"/api/jobs/{id}")).Problem(HttpStatusCode.NotFound), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PausedAndResumedJob_RunsEachItemOnce()
    {
        using var program = host.Program();
        using var gate = new SemaphoreSlim(0);
        host.Played.Run = async (_, cancellationToken) =>
        {
            await gate.WaitAsync(cancellationToken);
            return new ItemSucceeded("done");
        };
        var id = await program.StartPlayedAsync(200, maxConcurrency: 5);
        gate.Release(50);
        await WebHost.UntilAsync("50 items are committed", async () => Count(await program.JobAsync(id), "succeeded") == 50);

        await program.PostAsync($"/api/jobs/{id}/pause");
        gate.Release(150); // those in flight come to their end, and no more
        JsonElement paused = default;
        await WebHost.UntilAsync("nothing is in flight any more", async () => Count(paused = await program.JobAsync(id), "inFlight") == 0 && Count(paused, "succeeded") >= 55);
        Assert.Equal(55, Count(paused, "succeeded"));
        await program.PostAsync($"/api/jobs/{id}/resume");

        var job = await program.WhenAsync(id, "completed");
        Assert.Equal((200, 0), (Count(job, "succeeded"), Count(job, "failed")));
        Assert.Equal(200, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM test_results WHERE job_id = $1", id));
    }

    [Fact]
    public async Task CancelledJob_KeepsWhatIsDone_AndCountsTheRestAsCancelled()
    {
        using var program = host.Program();
        using var gate = new SemaphoreSlim(40);
        host.Played.Run = async (_, cancellationToken) =>
        {
            await gate.WaitAsync(cancellationToken);
            return new ItemSucceeded("done");
        };
        var id = await program.StartPlayedAsync(100, maxConcurrency: 5);
        await WebHost.UntilAsync("40 items are committed", async () => Count(await program.JobAsync(id), "succeeded") == 40);

        var answer = await program.PostAsync($"/api/jobs/{id}/cancel");

        Assert.Equal(("cancelled", 40, 60, 0), (answer.Json.GetProperty("status").GetString(), Count(answer.Json, "succeeded"), Count(answer.Json, "cancelled"), Count(answer.Json, "pending")));
        var ledger = await LedgerAsync(program, id);
        Assert.Equal((40, 60, true), (ledger.GetProperty("succeeded").GetInt64(), ledger.GetProperty("cancelled").GetInt64(), ledger.GetProperty("balanced").GetBoolean()));
    }

    [Fact]
    public async Task RetryOfOneCause_RunsItsItemsAgain_AndNoOthers()
    {
        using var program = host.Program();
        var runs = FailSome(item => item.Ordinal switch { < 3 => "teapot", < 5 => "kettle", _ => null });
        var id = await program.StartPlayedAsync(20);
        await program.WhenAsync(id, "completed");
        runs.Clear();

        var answer = await program.PostAsync($"/api/jobs/{id}/retry-failed", new { cause = "teapot" });

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        var job = await program.WhenAsync(id, "completed");
        Assert.Equal(["0", "1", "2"], runs.Order());
        Assert.Equal((15, 5), (Count(job, "succeeded"), Count(job, "failed"))); // they failed once more
        Assert.Equal([("teapot", 3), ("kettle", 2)], await CausesAsync(program, id));

        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done"));
        await program.PostAsync($"/api/jobs/{id}/retry-failed", new { cause = "teapot" });
        await program.WhenAsync(id, "completed");
        Assert.Equal([("kettle", 2)], await CausesAsync(program, id));
        await program.PostAsync($"/api/jobs/{id}/retry-failed");

        job = await program.WhenAsync(id, "completed");
        Assert.Equal((20, 0), (Count(job, "succeeded"), Count(job, "failed")));
        Assert.True((await LedgerAsync(program, id)).GetProperty("balanced").GetBoolean());
        Assert.Equal(20, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM test_results WHERE job_id = $1", id));
    }

    [Theory]
    [InlineData("running")]
    [InlineData("paused")]
    [InlineData("failed")]
    public async Task RetryBeforeTheEnd_MakesFailedItemsPendingAgain(string state)
    {
        using var program = host.Program();
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Played.Run = async (item, cancellationToken) =>
        {
            if (item.Ordinal < 4)
            {
                return new ItemFailed("teapot", "short and stout", 1);
            }

            await held.Task.WaitAsync(cancellationToken);
            return new ItemRefused("the password is wrong");
        };
        var id = await program.StartPlayedAsync(10);
        await WebHost.UntilAsync("4 items have failed", async () => Count(await program.JobAsync(id), "failed") == 4);
        if (state == "paused")
        {
            await program.PostAsync($"/api/jobs/{id}/pause");
        }
        else if (state == "failed")
        {
            held.SetResult();
            await program.WhenAsync(id, "failed");
        }

        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done"));
        var answer = await program.PostAsync($"/api/jobs/{id}/retry-failed");

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        if (state == "paused")
        {
            Assert.Equal(("paused", 0, 10), (answer.Json.GetProperty("status").GetString(), Count(answer.Json, "failed"), Count(answer.Json, "pending")));
            await program.PostAsync($"/api/jobs/{id}/resume");
        }

        var job = await program.WhenAsync(id, "completed");
        Assert.Equal((10, 0), (Count(job, "succeeded"), Count(job, "failed")));
        Assert.Equal(JsonValueKind.Null, job.GetProperty("error").ValueKind);
    }

    [Theory]
    [InlineData("""{"cuase": "teapot"}""", "must be {\"cause\"")]
    [InlineData("""{"cause": 7}""", "must be {\"cause\"")]
    [InlineData("""["teapot"]""", "must be {\"cause\"")]
    [InlineData("\"teapot\"", "must be {\"cause\"")]
    [InlineData("""{"cause": "tea\u0000pot"}""", "NUL")]
    [InlineData("""{"cause": "\ud83d"}""", "half a character")]
    [InlineData("""{"cause": "teap""", "not valid JSON")]
    public async Task RetryOfACauseThatCannotBeRead_RetriesNothing(string body, string expected)
    {
        using var program = host.Program();
        var runs = FailSome(_ => "teapot");
        var id = await program.StartPlayedAsync(2);
        await program.WhenAsync(id, "completed");
        runs.Clear();

        Assert.Contains(expected, (await program.PostAsync($"/api/jobs/{id}/retry-failed", body)).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);

        Assert.Equal("completed", (await program.JobAsync(id)).GetProperty("status").GetString());
        Assert.Equal([("teapot", 2)], await CausesAsync(program, id));
        Assert.Empty(runs);
    }

    [Fact]
    public async Task RetryOfACauseThatNothingHas_Is409_AndNamesIt()
    {
        using var program = host.Program();
        FailSome(_ => "teapot");
        var id = await program.StartPlayedAsync(2);
        await program.WhenAsync(id, "completed");

        Assert.Contains("'samovar'", (await program.PostAsync($"/api/jobs/{id}/retry-failed", new { cause = "samovar" })).Problem(HttpStatusCode.Conflict), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task EmptyBody_IsNoBody_WhateverItIsSaidToBe(string type)
    {
        using var program = host.Program();
        using var held = await BringIntoAsync(program, "running");

        Assert.Equal(HttpStatusCode.Accepted, (await program.PostTextAsync($"/api/jobs/{held.Id}/pause", "", type)).Status);
        Assert.Contains("no failed items", (await program.PostTextAsync($"/api/jobs/{held.Id}/retry-failed", "", type)).Problem(HttpStatusCode.Conflict), StringComparison.Ordinal);
    }

    private async Task<Held> BringIntoAsync(WebHostClient program, string state)
    {
        if (state == "planning")
        {
            host.Played.Planning = _ => throw new TimeoutException("as when the database is slow: it is tried again");
        }
        else if (state == "failed")
        {
            host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemRefused("the password is wrong"));
        }

        var release = state is "running" or "paused" or "cancelled" ? host.HoldItems() : null;
        if (state == "completed")
        {
            host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done"));
        }

        var id = await program.StartPlayedAsync(3);
        if (state is "paused" or "cancelled")
        {
            await program.WhenAsync(id, "running");
            await program.PostAsync($"/api/jobs/{id}/{(state == "paused" ? "pause" : "cancel")}");
        }

        await program.WhenAsync(id, state);
        if (state == "failed")
        {
            host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("the password was put right"));
        }

        return new Held(id, () =>
        {
            host.Played.Planning = _ => { };
            release?.Dispose();
        });
    }

    /// <summary>How often the audit has it.</summary>
    private Task<long> NotedAsync(string command, Guid id) =>
        host.Postgres.QueryAsync<long>("SELECT count(*) FROM audit WHERE action = $1 AND subject = $2 AND actor = 'key:first'", $"job.{command}", id.ToString());

    /// <summary>Lets items fail with the cause that is given for them; answers the keys that were run.</summary>
    private System.Collections.Concurrent.ConcurrentBag<string> FailSome(Func<Item, string?> cause)
    {
        var runs = new System.Collections.Concurrent.ConcurrentBag<string>();
        host.Played.Run = (item, _) =>
        {
            runs.Add(item.Key);
            return Task.FromResult<ItemOutcome>(cause(item) is { } why ? new ItemFailed(why, $"{why} of {item.Key}", 1) : new ItemSucceeded("done"));
        };
        return runs;
    }

    private static async Task<IReadOnlyList<(string, int)>> CausesAsync(WebHostClient program, Guid id) =>
        [.. (await program.GetAsync($"/api/jobs/{id}/failures")).Json.GetProperty("causes").EnumerateArray().Select(cause => (cause.GetProperty("cause").GetString()!, cause.GetProperty("count").GetInt32()))];

    private static async Task<JsonElement> LedgerAsync(WebHostClient program, Guid id) => (await program.GetAsync($"/api/jobs/{id}/ledger")).Json;

    private static long Count(JsonElement job, string name) => job.GetProperty("progress").GetProperty(name).GetInt64();

    private sealed record Held(Guid Id, Action Release) : IDisposable
    {
        public void Dispose() => Release();
    }
}
