using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Tabs;
using OrleansBulk.Tests.Web.Jobs;

namespace OrleansBulk.Tests.Web.Tabs;

/// <summary>
/// Random edits of the source, a folder that cannot be written now and then, syncs that are cancelled: then one full sync, and the files equal the source. The whole service
/// and real files, since a destination in memory publishes nothing; so it takes seconds.
/// </summary>
public sealed class TabFilesModelTests
{
    [Theory]
    [InlineData(1)]
    public async Task FilesEqualTheSource_WhateverHappenedBefore(int seed)
    {
        var random = new Random(seed);
        var root = Directory.CreateTempSubdirectory("bulk-tabs-").FullName;
        var folder = Path.Combine(root, "tabs");
        await using var host = await WebHost.StartAsync(null, ("Tabs:Files:Folder", folder), ("Tabs:Files:Format", "both"), ("Tabs:Delay", "00:00:00"));
        await host.Postgres.ExecuteAsync("SELECT learning.make_demo(120)");
        using var program = host.Program();
        for (var step = 0; step < 7; step++)
        {
            await host.Postgres.ExecuteAsync($"""
                UPDATE learning.users SET name = 'Edited {random.Next(1000)}', updated_at = now() WHERE id % 11 = {random.Next(11)};
                DELETE FROM learning.users WHERE id % 37 = {random.Next(37)};
                INSERT INTO learning.users (name, email, joined_on, updated_at) SELECT 'More ' || n, 'more@example.org', '2026-02-02', now() - n * interval '1 second' FROM generate_series(1, {random.Next(8)}) n
                """);
            var isBlocked = random.Next(3) == 0;
            if (isBlocked)
            {
                Remove();
                await File.WriteAllTextAsync(folder, "a file where the folder should be");
            }

            var id = await BeginAsync(incremental: random.Next(4) > 0);
            if (random.Next(3) == 0)
            {
                await program.PostAsync($"/api/jobs/{id}/cancel"); // it may have ended already
            }

            await WebHost.UntilAsync("the sync ends", async () => (await program.JobAsync(id)).GetProperty("status").GetString() is "completed" or "cancelled" or "failed");
            if (isBlocked)
            {
                Remove();
            }
        }

        Assert.Equal("completed", (await program.WhenAsync(await BeginAsync(incremental: false), "completed")).GetProperty("status").GetString());

        var expected = await host.Postgres.QueryAsync<string[]>("""
            SELECT array_agg(concat_ws('|', id, name, email, coalesce(country, ''), joined_on, CASE WHEN is_active THEN 'yes' ELSE 'no' END, to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))) FROM learning.users
            """);
        var lines = await File.ReadAllLinesAsync(Path.Combine(folder, "User profiles.csv"));
        Assert.Equal(expected.Order(StringComparer.Ordinal), lines.Skip(1).Select(line => line.Replace(',', '|')).Order(StringComparer.Ordinal));
        var rows = Workbooks.Read(Path.Combine(folder, "User profiles.xlsx"), 7);
        Assert.Equal(expected.Order(StringComparer.Ordinal), rows.Skip(1).Select(row => string.Join('|', row)).Order(StringComparer.Ordinal));
        Assert.Equal(expected.Length, (await program.GetAsync("/api/tabs")).Json.EnumerateArray().First().GetProperty("rows").GetInt32());
        Directory.Delete(root, recursive: true);

        async Task<Guid> BeginAsync(bool incremental) => (await program.PostAsync("/api/tabs/sync", new { tabs = new[] { "user-profiles" }, incremental })).Json.GetProperty("id").GetGuid();

        void Remove()
        {
            File.Delete(Directory.Exists(folder) ? Path.Combine(folder, "none") : folder);
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }
}
