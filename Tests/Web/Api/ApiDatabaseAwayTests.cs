using System.Net;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Web.Api;

/// <summary>The database goes away under the service, and comes back: nothing is lost, and nobody has to do anything.</summary>
public sealed class ApiDatabaseAwayTests
{
    [Fact]
    public async Task WhileTheDatabaseIsAway_TheApiSaysWhenToComeBack_AndAfterwardsEverythingGoesOn()
    {
        await using var postgres = await PrivatePostgres.StartNewAsync();
        await using var host = await WebHost.StartAsync(postgres.ConnectionString);
        using var program = host.Program();
        using var gate = new SemaphoreSlim(100);
        host.Played.Run = async (_, cancellationToken) =>
        {
            await gate.WaitAsync(cancellationToken);
            return new ItemSucceeded("done");
        };
        var id = await program.StartPlayedAsync(1000, maxConcurrency: 50);
        await WebHost.UntilAsync("100 items are committed", async () => (await program.JobAsync(id)).GetProperty("progress").GetProperty("succeeded").GetInt64() == 100);
        using var events = await program.OpenEventsAsync($"/api/jobs/{id}/events");
        await events.NextAsync("progress");

        await postgres.StopAsync();

        foreach (var path in new[] { "/api/jobs", $"/api/jobs/{id}", $"/api/jobs/{id}/ledger", $"/api/jobs/{id}/failures", "/api/coding-profiles", "/api/coding-profiles/codeforces/tourist" })
        {
            AssertComeBack(path, await program.GetAsync(path));
        }

        AssertComeBack("start", await program.PostAsync("/api/jobs", new { workload = TestWorkload.WorkloadName, spec = new { items = 1 }, idempotencyKey = "while-away" }));
        AssertComeBack("register", await program.PostAsync("/api/coding-profiles", new[] { new { platform = "codeforces", handle = "while_away" } }));
        AssertComeBack("pause", await program.PostAsync($"/api/jobs/{id}/pause"));
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/healthz")).Status);
        gate.Release(1000); // their outcomes wait for the database

        await postgres.StartAsync();

        await WebHost.UntilAsync("jobs are listed again", async () => (await program.GetAsync("/api/jobs")).Status == HttpStatusCode.OK);
        Assert.Equal(1000, (await events.NextAsync("done")).Json.GetProperty("progress").GetProperty("succeeded").GetInt64());
        var ledger = (await program.GetAsync($"/api/jobs/{id}/ledger")).Json;
        Assert.Equal((1000, true), (ledger.GetProperty("succeeded").GetInt64(), ledger.GetProperty("balanced").GetBoolean()));
        var again = await program.PostAsync("/api/jobs", new { workload = TestWorkload.WorkloadName, spec = new { items = 1 }, idempotencyKey = "while-away" });
        await program.WhenAsync(again.Json.GetProperty("id").GetGuid(), "completed");
    }

    private static void AssertComeBack(string what, WebHostClient.Answer answer)
    {
        Assert.True(answer.Status == HttpStatusCode.ServiceUnavailable, $"{what}: {answer}");
        Assert.Contains("database", answer.Problem(HttpStatusCode.ServiceUnavailable), StringComparison.Ordinal);
        Assert.InRange(answer.Headers.RetryAfter?.Delta ?? default, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
    }
}
