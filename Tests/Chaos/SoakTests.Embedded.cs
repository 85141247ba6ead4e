using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Npgsql;
using OrleansBulk.Simulator;
using OrleansBulk.Tests.Support;
using Xunit.Abstractions;

namespace OrleansBulk.Tests.Chaos;

/// <summary>
/// Everything that can go wrong, in random order, while jobs run: the service and the database killed, upstreams that limit, fail, hang and cut off, operators who pause
/// and resume. Afterwards every item has exactly one outcome, every result stands once, and no upstream saw more than it bears.
/// <para><c>scripts/chaos.sh</c> runs this for as long as one likes; the tests run its short form. <c>BULK_CHAOS_SECONDS</c>: how long trouble is made; <c>BULK_CHAOS_SEED</c>: which.</para>
/// </summary>
public sealed class SoakTests(ITestOutputHelper output)
{
    private const int ShortSeconds = 15;
    private const int AtOnce = 60;
    private const int Codeforces = 1500;

    /// <summary>What an operator may not be told while he commands: anything but yes, or that somebody or something else came first.</summary>
    private static readonly HttpStatusCode[] Understood = [HttpStatusCode.Accepted, HttpStatusCode.Conflict, HttpStatusCode.ServiceUnavailable];

    [Fact]
    public async Task AnyTroubleInAnyOrder_LosesNothing_AndDoublesNothing()
    {
        var seconds = Setting("BULK_CHAOS_SECONDS", ShortSeconds);
        var seed = Setting("BULK_CHAOS_SEED", Random.Shared.Next());
        var (random, items) = (new Random(seed), Math.Min(200_000, 120 * seconds));
        Say($"seed {seed}: {seconds} s of trouble over {items} GitHub and {Codeforces} Codeforces profiles");
        await using var simulator = await RunningSimulator.StartAsync("""
            {"upstreams":{"github":{"latency":{"meanMs":60,"spreadMs":40},"limit":null,"quota":null,"concurrency":{"max":60}},"codeforces":{"limit":{"calls":1,"perSeconds":1}}}}
            """);
        await using var postgres = await PrivatePostgres.StartNewAsync();
        await using var service = await ServiceProcess.StartAsync(
            postgres.ConnectionString,
            simulator.Address,
            ("Upstreams__github__Limits", "none"),
            ("Upstreams__github__Concurrency", $"{AtOnce}"),
            ("Upstreams__github__Timeout", "00:00:01"),
            ("Upstreams__codeforces__Limits", "1 per 1s"),
            ("Upstreams__codeforces__Batch", "100"));
        await service.RegisterAsync("github", Enumerable.Range(0, items).Select(number => number % 50 == 7 ? $"missing-{number}" : $"user-{number}"));
        await service.RegisterAsync("codeforces", Enumerable.Range(0, Codeforces).Select(number => $"user_{number}"));
        Guid[] jobs = [await service.RefreshAsync("github"), await service.RefreshAsync("codeforces")];

        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started).TotalSeconds < seconds)
        {
            await TroubleAsync(random, simulator, postgres, service, jobs);
            await Task.Delay(random.Next(200, 2000));
        }

        simulator.Change("""{"upstreams":{"github":{"faults":[]},"codeforces":{"faults":[]}}}""");
        foreach (var job in jobs)
        {
            await FinishAsync(service, job);
        }

        await CheckAsync(simulator, postgres, service, jobs, items);
    }

    private async Task TroubleAsync(Random random, RunningSimulator simulator, PrivatePostgres postgres, ServiceProcess service, Guid[] jobs)
    {
        var job = jobs[random.Next(jobs.Length)];
        switch (random.Next(10))
        {
            case 0:
                Say("kill -9 of the service");
                await service.KillAsync();
                await service.StartAsync();
                break;
            case 1:
                Say("the service stopped in order");
                Assert.Equal(0, await service.StopAsync());
                await service.StartAsync();
                break;
            case 2:
                Say("kill -9 of the database");
                await postgres.KillAsync();
                await Task.Delay(random.Next(2000));
                await postgres.StartAsync();
                break;
            case 3:
                Say("both killed");
                await postgres.KillAsync();
                await service.KillAsync();
                await postgres.StartAsync();
                await service.StartAsync();
                break;
            case 4:
                Fault(simulator, """{"kind":"status","status":429,"everyNth":7,"retryAfter":{"seconds":0.5,"form":"fraction"}}""");
                break;
            case 5:
                Fault(simulator, """{"kind":"status","status":500,"probability":0.5}"""); // at Codeforces a 503 would mean a minute of silence
                break;
            case 6:
                Fault(simulator, """{"kind":"hang","everyNth":30},{"kind":"disconnect","everyNth":11}""");
                break;
            case 7:
                // No answers meant for others: a 404 does not say whom it is about, so such a lie cannot be told from the truth.
                Fault(simulator, """{"kind":"cutBody","everyNth":9},{"kind":"emptyBody","everyNth":13}""");
                break;
            case 8:
                Fault(simulator, "");
                break;
            default:
                Say("paused, resumed");
                await CommandAsync(service, job, "pause");
                await Task.Delay(random.Next(500));
                await CommandAsync(service, job, "resume");
                break;
        }
    }

    /// <summary>Brings a job to its good end, as an operator would on Monday: what was paused or stopped goes on, what failed is tried again; what is not there is not there.</summary>
    private static async Task FinishAsync(ServiceProcess service, Guid job)
    {
        await ServiceProcess.UntilAsync($"job {job} is done", async () =>
        {
            var view = await service.JobAsync(job);
            var progress = view.GetProperty("progress");
            switch (view.GetProperty("status").GetString())
            {
                case "paused" or "failed":
                    await CommandAsync(service, job, "resume");
                    return false;
                case "completed" when await OnlyMissingAsync(service, job, progress):
                    return true;
                case "completed":
                    await CommandAsync(service, job, "retry-failed");
                    return false;
                default:
                    return false;
            }
        }, TimeSpan.FromMinutes(10));
    }

    private static async Task<bool> OnlyMissingAsync(ServiceProcess service, Guid job, JsonElement progress)
    {
        var causes = JsonDocument.Parse(await service.Http.GetStringAsync($"/api/jobs/{job}/failures?limit=1")).RootElement.GetProperty("causes");
        return causes.EnumerateArray().Where(cause => cause.GetProperty("cause").GetString()!.Contains("not found", StringComparison.Ordinal)).Sum(cause => cause.GetProperty("count").GetInt64())
            == progress.GetProperty("failed").GetInt64();
    }

    private async Task CheckAsync(RunningSimulator simulator, PrivatePostgres postgres, ServiceProcess service, Guid[] jobs, int items)
    {
        var missing = Enumerable.Range(0, items).Count(number => number % 50 == 7);
        var (gitHub, codeforces) = (await service.LedgerAsync(jobs[0]), await service.LedgerAsync(jobs[1]));
        var (asked, askedToo) = (simulator.Journal("github", 0), simulator.Journal("codeforces", 0));
        Say($"github: {gitHub}, {asked.Keys.Asked} asked for {asked.Keys.Distinct}, at most {asked.MostAtOnce} at once");
        Say($"codeforces: {codeforces}, {askedToo.Calls} calls, at most {askedToo.MostInLimitWindow} in a second");

        // A handle that is known to be missing is skipped when the failures of others are tried again.
        Assert.Equal((items, items - missing, missing, true), (Of(gitHub, "submitted"), Of(gitHub, "succeeded"), Of(gitHub, "failed") + Of(gitHub, "skipped"), gitHub.GetProperty("balanced").GetBoolean()));
        Assert.Equal((Codeforces, Codeforces, true), (Of(codeforces, "submitted"), Of(codeforces, "succeeded"), codeforces.GetProperty("balanced").GetBoolean()));
        Assert.InRange(asked.MostAtOnce, 1, AtOnce);
        Assert.Equal(0, asked.Refused.Total);
        Assert.Equal(0, askedToo.Refused.Total);
        Assert.InRange(askedToo.MostInLimitWindow ?? 0, 1, 1);
        Assert.Equal(items, asked.Keys.Distinct);

        // A result written twice, or lost, would show: each found profile has changed once, from nothing to what it is.
        await using var source = NpgsqlDataSource.Create(postgres.ConnectionString);
        await using var command = source.CreateCommand("SELECT count(*) || '/' || count(DISTINCT profile_id) FROM coding_profile_history");
        var written = items - missing + Codeforces;
        Assert.Equal($"{written}/{written}", await command.ExecuteScalarAsync());
    }

    private static async Task CommandAsync(ServiceProcess service, Guid job, string command)
    {
        using var answer = await service.Http.PostAsync($"/api/jobs/{job}/{command}", null);
        Assert.True(Understood.Contains(answer.StatusCode), $"{command}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    private void Fault(RunningSimulator simulator, string faults)
    {
        Say(faults.Length == 0 ? "the upstreams are well" : $"the upstreams: {faults}");
        simulator.Change("{\"upstreams\":{\"github\":{\"faults\":[" + faults + "]},\"codeforces\":{\"faults\":[" + faults + "]}}}");
    }

    private void Say(string what)
    {
        output.WriteLine($"{DateTimeOffset.UtcNow:HH:mm:ss.f} {what}");
    }

    private static int Of(JsonElement ledger, string name) => ledger.GetProperty(name).GetInt32();

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
