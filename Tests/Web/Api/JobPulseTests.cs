using Microsoft.Extensions.Hosting;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Tests.Web.Api;

/// <summary>When lists and the overview are told to look again, on a clock of the test's.</summary>
public sealed class JobPulseTests
{
    private const string Insert = """
        INSERT INTO jobs (id, workload, spec, status, mode, max_concurrency, request_hash, created_by) VALUES ('01900000-0000-7000-8000-000000000001', 'test', '{}', 'running', 'standard', 10, '', 'test')
        """;

    [Fact]
    public async Task EveryReader_IsToldOfWhatChanges_AndBetweenThatTheStreamIsAlive()
    {
        await using var postgres = await PostgresDatabase.CreateAsync();
        var time = new ManualTime();
        using var lifetime = new Lifetime();
        var pulse = new JobPulse(new JobStore(postgres.Database), time, lifetime);
        await using var one = pulse.ReadAsync(CancellationToken.None).GetAsyncEnumerator();
        await using var two = pulse.ReadAsync(CancellationToken.None).GetAsyncEnumerator();
        Assert.Equal([JobPulse.Changed, JobPulse.Changed], [await NextAsync(one), await NextAsync(two)]); // at once

        await UntilAsync(JobPulse.Still, one, time); // what it saw first, and its afterglow, are over
        await postgres.ExecuteAsync(Insert);
        await UntilAsync(JobPulse.Changed, one, time);
        await UntilAsync(JobPulse.Still, one, time);
        await postgres.ExecuteAsync("UPDATE jobs SET status = 'completed'");
        await UntilAsync(JobPulse.Changed, one, time);
        Assert.Equal(JobPulse.Changed, await NextAsync(two, time)); // it read nothing meanwhile, and is told all the same

        lifetime.StopApplication();
        while (await one.MoveNextAsync())
        {
            // what was under way
        }
    }

    private static async Task<string> NextAsync(IAsyncEnumerator<System.Net.ServerSentEvents.SseItem<string>> events) => await events.MoveNextAsync() ? events.Current.EventType : "ended";

    /// <summary>The next event, the clock going on until it comes.</summary>
    private static async Task<string> NextAsync(IAsyncEnumerator<System.Net.ServerSentEvents.SseItem<string>> events, ManualTime time)
    {
        var next = NextAsync(events);
        while (await Task.WhenAny(next, Task.Delay(20)) != next)
        {
            time.Advance(TimeSpan.FromSeconds(1));
        }

        return await next;
    }

    /// <summary>Reads on until this is told. The clock does not wait for the database, so there may be more of the other before.</summary>
    private static async Task UntilAsync(string wanted, IAsyncEnumerator<System.Net.ServerSentEvents.SseItem<string>> events, ManualTime time)
    {
        for (var passed = 0; await NextAsync(events, time) != wanted; passed++)
        {
            Assert.True(passed < 60, $"Nobody was told '{wanted}'.");
        }
    }

    private sealed class Lifetime : IHostApplicationLifetime, IDisposable
    {
        private readonly CancellationTokenSource _stopping = new();

        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopping => _stopping.Token;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication() => _stopping.Cancel();

        public void Dispose() => _stopping.Dispose();
    }
}
