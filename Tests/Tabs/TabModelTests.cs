using OrleansBulk.Jobs;
using OrleansBulk.Tabs;

namespace OrleansBulk.Tests.Tabs;

/// <summary>Random edits of the source and of the sheet, lost answers, syncs that are cancelled: then one full sync, and the sheet equals the source.</summary>
public sealed class TabModelTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task SheetEqualsTheSource_WhateverHappenedBefore(int seed)
    {
        var random = new Random(seed);
        await using var stage = await TabStage.StartAsync();
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(120)");
        for (var step = 0; step < 12; step++)
        {
            var trouble = new Random(random.Next());
            stage.Grid.Trouble = () =>
            {
                lock (trouble)
                {
                    return trouble.Next(5) switch { 0 => true, 1 => false, _ => null };
                }
            };
            await EditAsync(stage, random);
            var id = await stage.BeginAsync(new { tabs = new[] { "user-profiles" }, incremental = random.Next(4) > 0 });
            if (random.Next(3) == 0)
            {
                await stage.Jobs.Grains.Job(id).CancelAsync();
            }

            await stage.Jobs.EndAsync(id);
        }

        stage.Grid.Trouble = () => null;
        await EditAsync(stage, random);
        var last = await stage.SyncAsync(new { tabs = new[] { "user-profiles" }, incremental = false });

        Assert.Equal((JobStatus.Completed, 0L), (last.Status, last.Failed));
        Assert.Equal(await TabSyncTests.ExpectedUsersAsync(stage), stage.Shown("user-profiles"));
        Assert.Equal(
            await stage.Postgres.QueryAsync<long>("SELECT count(*) FROM learning.users"),
            await stage.Postgres.QueryAsync<long>("SELECT count(*) FROM tab_rows WHERE tab = 'user-profiles' AND cells IS NOT NULL"));
    }

    private static async Task EditAsync(TabStage stage, Random random)
    {
        await stage.Postgres.ExecuteAsync($"""
            UPDATE learning.users SET name = 'Edited {random.Next(1000)}', updated_at = now() WHERE id % 11 = {random.Next(11)};
            DELETE FROM learning.users WHERE id % 37 = {random.Next(37)};
            INSERT INTO learning.users (name, email, joined_on, updated_at) SELECT 'More ' || n, 'more@example.org', '2026-02-02', now() - n * interval '1 second' FROM generate_series(1, {random.Next(8)}) n
            """);
        for (var edit = 0; edit < random.Next(4); edit++)
        {
            stage.Grid.Edit("user-profiles", random.Next(1, 200), random.Next(3) == 0 ? null : ["x", "y", "z", "", "", "", $"{random.Next()}"]);
        }
    }
}
