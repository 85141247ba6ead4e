using System.Globalization;
using OrleansBulk.Benchmarks.Support;

namespace OrleansBulk.Benchmarks.Scenarios;

/// <summary>Pages must not grow slow with what they are pages of: each is read again and again in a service that has done a lot of work.</summary>
internal sealed class PagesScenario : IScenario
{
    private const double MostMilliseconds = 50;
    private const int Causes = 5;
    private const string BigJob = "01900000-0000-7000-8000-0000000000b1";
    private const string Profile = "01900000-0000-7000-8000-0000000000c1";

    public string Name => "pages";

    public string Summary => "Every page with 100,000 jobs and a job of 1,000,000 items with 300,000 failures of 5 causes: p95 ≤ 50 ms.";

    public async Task<ScenarioResult> RunAsync(Bench bench)
    {
        var size = bench.Short ? new Size(2_000, 20_000, 6_000, 5_000, 20) : new Size(100_000, 1_000_000, 300_000, 500_000, 300);
        await using var database = await BenchDatabase.CreateAsync(bench);
        await using var simulator = await SimulatorProcess.StartAsync("{}");
        await using var service = await ServiceProcess.StartAsync(database, simulator);
        await FillAsync(database, size);
        using var session = await SignedIn.AsAdminAsync(service);
        var middle = await database.QueryAsync<Guid>("SELECT id FROM jobs ORDER BY id OFFSET $1 LIMIT 1", size.Jobs / 2);
        var pages = Pages(size, middle);
        foreach (var page in pages)
        {
            for (var time = 0; time < 20; time++)
            {
                await session.ReadAsync(page.Path, page.Says); // compiled, and its statements prepared
            }
        }

        var times = pages.ToDictionary(page => page, _ => new List<double>(size.Reads));
        for (var read = 0; read < size.Reads; read++)
        {
            foreach (var page in pages) // in turns, so that a disturbance meets all of them
            {
                times[page].Add((await Timed.ClockAsync(() => session.ReadAsync(page.Path, page.Says))).TotalMilliseconds);
            }
        }

        var worst = pages.MaxBy(page => P95(times[page]))!;
        return new ScenarioResult
        {
            Columns = ["page", "median, ms", "p95, ms", "slowest, ms"],
            Rows = [.. pages.Select(page => (string[])[page.Name, Number(Median.Of(times[page])), Number(P95(times[page])), Number(times[page].Max())])],
            Promises = [new Promise($"pages: p95 of the slowest, '{worst.Name}', ms", $"≤ {MostMilliseconds:0}", Number(P95(times[worst])), P95(times[worst]) <= MostMilliseconds)],
            Figures = pages.ToDictionary(page => $"{page.Name}: p95 ms", page => P95(times[page])),
            Notes =
            [
                $"{size.Jobs:N0} jobs, one of them with {size.Items:N0} items and {size.Failures:N0} failures of {Causes} causes; {size.Usernames:N0} usernames, {size.Jobs:N0} profiles and audit entries; 36,000 samples in the last hour. {size.Reads} reads of each page.",
                "From the request to the last byte of the answer over loopback, so the client's share and the connection's are in it; one reader.",
                "'counted anew' is the ledger computed from all chunks of the big job, which is done only when somebody presses the button.",
            ],
        };
    }

    private sealed record Size(int Jobs, int Items, int Failures, int Usernames, int Reads);

    private sealed record Page(string Name, string Path, string Says);

    private static List<Page> Pages(Size size, Guid middle)
    {
        var failed = size.Failures.ToString("N0", CultureInfo.InvariantCulture);
        return
        [
            new("Overview", "", "Items a minute"),
            new("Overview, redrawn", "?handler=Live", "Items a minute"),
            new("Jobs", "jobs", "profile-refresh"),
            new("Jobs, from the middle on", $"jobs?after={middle}", "profile-refresh"),
            new("Jobs that failed", "jobs?status=failed", "failed"),
            new("Jobs by who started them", "jobs?q=nightly", "nightly"),
            new("Jobs by a key", "jobs?q=key-77", "nightly"),
            new("Start a job", "jobs/start", "Preview"),
            new("The big job", $"jobs/{BigJob}", failed),
            new("The big job, redrawn", $"jobs/{BigJob}?handler=Live", failed),
            new("The big job, counted anew", $"jobs/{BigJob}?verify=true", failed),
            new("Its failures", $"jobs/{BigJob}/failures", "cause 1"),
            new("Its failures, from the middle on", $"jobs/{BigJob}/failures?after={size.Items / 2}", "cause 1"),
            new("Its failures of one cause", $"jobs/{BigJob}/failures?cause=upstream%3A%20cause%203&after={size.Items / 2}", "cause 3"),
            new("Coding profiles", "coding-profiles", "codeforces"),
            new("Coding profiles by handle", "coding-profiles?query=handle99", "handle99"),
            new("One profile", "coding-profiles/github/Handle1", "Handle1"),
            new("Ingest", "ingest", "Ingests"),
            new("Usernames", "usernames", "user"),
            new("Usernames that are unused", "usernames?used=false", "user"),
            new("Usernames by name", "usernames?query=user1", "user1"),
            new("Distributions", "distributions", "Distribution"),
            new("Upstreams", "upstreams", "codeforces"),
            new("System", "system", "PostgreSQL"),
            new("Audit", "system/audit", "job.start"),
        ];
    }

    private static async Task FillAsync(BenchDatabase database, Size size)
    {
        await database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"""
            INSERT INTO jobs (id, workload, spec, status, mode, max_concurrency, idempotency_key, request_hash, created_by, created_at, started_at, finished_at, error, plan_done, expected, next_chunk, planned, succeeded, failed, skipped, calls_made)
            SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n * 4096), 12, '0'))::uuid, CASE n % 3 WHEN 0 THEN 'profile-ingest' ELSE 'profile-refresh' END, json_build_object('rows', 1000, 'rejected', 3, 'format', 'csv', 'filter', json_build_object()),
                CASE WHEN n % 200 = 0 THEN 'failed' WHEN n % 500 = 1 THEN 'paused' WHEN n % 70 = 2 THEN 'cancelled' ELSE 'completed' END, 'standard', 10, CASE WHEN n % 2 = 0 THEN 'key-' || n END, '', CASE n % 4 WHEN 0 THEN 'nightly' ELSE 'operator' || n % 50 END,
                now() - ({size.Jobs} - n) * interval '1 minute', now() - ({size.Jobs} - n) * interval '1 minute', CASE WHEN n % 500 <> 1 THEN now() - ({size.Jobs} - n) * interval '1 minute' END, CASE WHEN n % 200 = 0 THEN 'codeforces refuses the service: 403' END,
                true, 1000, 2, 1000, CASE WHEN n % 500 = 1 THEN 500 ELSE 990 END, 3, 7, 40
            FROM generate_series(1, {size.Jobs}) n
            """));
        await database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"""
            INSERT INTO jobs (id, workload, spec, status, mode, max_concurrency, request_hash, created_by, started_at, finished_at, plan_done, expected, next_chunk, planned, succeeded, failed, calls_made)
            VALUES ('{BigJob}', 'profile-refresh', '{"{\"filter\":{}}"}', 'completed', 'high-performance', 100, '', 'nightly', now() - interval '1 hour', now(), true, {size.Items}, {size.Items / 500}, {size.Items}, {size.Items - size.Failures}, {size.Failures}, {size.Items / 2});
            INSERT INTO chunks (job_id, no, first_ordinal, items, outcomes)
            SELECT '{BigJob}', no, no * 500, (SELECT json_agg(json_build_array('github/someone-with-a-name-' || no * 500 + i)) FROM generate_series(0, 499) i), repeat('sssssssfff', 50) FROM generate_series(0, {size.Items / 500} - 1) no;
            INSERT INTO failures (job_id, ordinal, key, cause, message, attempts, chunk_no, at)
            SELECT '{BigJob}', n * 10 / 3, 'github/someone-with-a-name-' || n, 'upstream: cause ' || n % {Causes}, 'The upstream answered with a sentence that is about as long as such sentences are, for item ' || n, 3, n * 10 / 3 / 500, now() FROM generate_series(0, {size.Failures} - 1) n;
            INSERT INTO failure_causes (job_id, cause, count, example) SELECT '{BigJob}', 'upstream: cause ' || c, {size.Failures / Causes}, 'The upstream answered with a sentence' FROM generate_series(0, {Causes} - 1) c;
            INSERT INTO job_log (job_id, message) SELECT '{BigJob}', 'taken over by silo ' || n FROM generate_series(1, 200) n
            """));
        await database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"""
            INSERT INTO job_samples (job_id, at, seconds, succeeded, failed, skipped, in_flight, calls, calling_ms, limit_ms, backoff_ms, parked_ms, database_ms, bound_by)
            SELECT id, now() - s * interval '1 second', 1, 200, 80, 3, 100, 250, 60000, 20000, 3000, 0, 400, 'github at 250 calls/s'
            FROM (SELECT id FROM jobs WHERE id = '{BigJob}' UNION (SELECT id FROM jobs ORDER BY id DESC LIMIT 9)) jobs, generate_series(0, 3599) s;
            INSERT INTO audit (id, at, actor, action, subject) SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, now() - ({size.Jobs} - n) * interval '1 minute', 'operator' || n % 50, 'job.start', n::text FROM generate_series(1, {size.Jobs}) n;
            INSERT INTO coding_profiles (id, platform, handle, handle_key, owner, state, rating, max_rating, rank, solved_total, contests, fetched_at, changed_at)
            SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n + 192), 12, '0'))::uuid, CASE n % 3 WHEN 0 THEN 'codeforces' WHEN 1 THEN 'github' ELSE 'leetcode' END, 'Handle' || n, 'handle' || n, 'team-' || n % 100, 'found', 1500, 1700, 'expert', 400, 30, now(), now() FROM generate_series(1, {size.Jobs}) n;
            INSERT INTO coding_profile_history (profile_id, at, rating, max_rating, rank, solved_total, contests) SELECT '{Profile}', now() - d * interval '1 day', 1400 + d, 1700, 'expert', 400 - d, 30 FROM generate_series(0, 364) d;
            INSERT INTO global_usernames (id, username, full_name, used, ingested_at, job_id, ord) SELECT n::text, 'user' || n, 'First Last', n % 5 = 0, now() - n * interval '1 second', '{BigJob}', n FROM generate_series(1, {size.Usernames}) n
            """));
        await database.ApplyIndexesAsync();
        await database.SettleAsync();
    }

    /// <summary>Of 100 times, 95 are at most so long.</summary>
    private static double P95(List<double> times) => times.Order().ElementAt((int)Math.Ceiling(times.Count * 0.95) - 1);

    private static string Number(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);
}
