using OrleansBulk.Distribution;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Distribution;

/// <summary>Daily schedules on a clock of the test's: once a day, once for all days that were missed, never twice.</summary>
public sealed class ScheduleTests : IAsyncLifetime
{
    private readonly ManualTime _clock = new(); // midnight of the first of January 2026, UTC
    private PostgresDatabase _postgres = null!;

    public async Task InitializeAsync()
    {
        _postgres = await PostgresDatabase.CreateAsync();
        await _postgres.ExecuteAsync("INSERT INTO global_usernames (id, username, ingested_at, job_id, ord) SELECT 'u' || n, 'user' || n, '2025-01-01', gen_random_uuid(), n FROM generate_series(1, 100) n");
    }

    public Task DisposeAsync() => _postgres.DisposeAsync();

    [Fact]
    public async Task DueSchedule_RunsOnceADay()
    {
        var store = Store();
        await PutAsync(store);

        Assert.Null(await store.RunDueAsync("daily", CancellationToken.None)); // it is midnight; 06:30 is to come
        _clock.Advance(TimeSpan.FromHours(7));
        Assert.Equal(["daily"], await store.FindDueAsync(CancellationToken.None));
        Assert.True((await store.RunDueAsync("daily", CancellationToken.None))!.Made);
        Assert.Null(await store.RunDueAsync("daily", CancellationToken.None));
        _clock.Advance(TimeSpan.FromDays(1));
        Assert.True((await store.RunDueAsync("daily", CancellationToken.None))!.Made);

        Assert.Equal("daily 2026-01-01,daily 2026-01-02", await NamesAsync());
        Assert.Equal(20, await _postgres.QueryAsync<long>("SELECT count(*) FROM global_usernames WHERE used"));
    }

    [Fact]
    public async Task DaysMissedWhileDown_AreMadeUpForOnce_AndTheNextComesAtItsTime()
    {
        await PutAsync(Store());

        _clock.Advance(TimeSpan.FromDays(3) + TimeSpan.FromHours(2)); // 02:00 of the fourth: nobody ran on the first, second and third
        var back = Store();
        Assert.True((await back.RunDueAsync("daily", CancellationToken.None))!.Made);
        Assert.Null(await back.RunDueAsync("daily", CancellationToken.None));
        Assert.Equal("daily 2026-01-03", await NamesAsync());

        _clock.Advance(TimeSpan.FromHours(5));
        Assert.True((await back.RunDueAsync("daily", CancellationToken.None))!.Made);
        Assert.Equal("daily 2026-01-03,daily 2026-01-04", await NamesAsync());
    }

    [Fact]
    public async Task ManyWhoTryAtOnce_RunItOnce()
    {
        await PutAsync(Store());
        _clock.Advance(TimeSpan.FromHours(7));

        var runs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Store().RunDueAsync("daily", CancellationToken.None)));

        Assert.Single(runs, run => run is { Made: true });
        Assert.Equal(10, await _postgres.QueryAsync<long>("SELECT count(*) FROM distribution_assignments"));
    }

    [Fact]
    public async Task ScheduleWhoseTimeIsChanged_RunsNoSecondTimeThatDay()
    {
        var store = Store();
        await PutAsync(store);
        _clock.Advance(TimeSpan.FromHours(7));
        await store.RunDueAsync("daily", CancellationToken.None);

        await PutAsync(store, "08:00");
        _clock.Advance(TimeSpan.FromHours(2));

        Assert.False((await store.RunDueAsync("daily", CancellationToken.None))!.Made);
        Assert.Equal("daily 2026-01-01", await NamesAsync());
    }

    [Fact]
    public async Task TooFewUnused_HandsNothingOut_SaysSo_AndTriesAgainTheNextDay()
    {
        var store = Store();
        await PutAsync(store, count: 1000);
        _clock.Advance(TimeSpan.FromHours(7));

        Assert.Contains("100 usernames were unused", (await store.RunDueAsync("daily", CancellationToken.None))!.Words, StringComparison.Ordinal);

        Assert.Equal(0, await _postgres.QueryAsync<long>("SELECT (SELECT count(*) FROM distributions) + (SELECT count(*) FROM global_usernames WHERE used)"));
        var schedule = Assert.Single(await store.ListAsync(CancellationToken.None));
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 6, 30, 0, TimeSpan.Zero), schedule.Due);
        Assert.Contains("nothing handed out", schedule.LastResult, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DisabledSchedule_DoesNotRun_AndADeletedOneIsGone()
    {
        var store = Store();
        await PutAsync(store, enabled: false);
        _clock.Advance(TimeSpan.FromDays(2));

        Assert.Empty(await store.FindDueAsync(CancellationToken.None));
        Assert.Null(await store.RunDueAsync("daily", CancellationToken.None));
        Assert.True(await store.DeleteAsync("daily", CancellationToken.None));
        Assert.False(await store.DeleteAsync("daily", CancellationToken.None));
    }

    /// <summary>As a service that has just started has it.</summary>
    private ScheduleStore Store() => new(_postgres.Database, new DistributionStore(_postgres.Database, _clock), _clock);

    private static async Task PutAsync(ScheduleStore store, string at = "06:30", int count = 10, bool enabled = true)
    {
        Assert.True(DailyTime.TryParse(at, "UTC", out var daily));
        await store.PutAsync(new DistributionRequest("daily", count, ["ada", "bob"], false), daily, enabled, "tester", CancellationToken.None);
    }

    private Task<string> NamesAsync() => _postgres.QueryAsync<string>("SELECT string_agg(name, ',' ORDER BY name) FROM distributions");
}
