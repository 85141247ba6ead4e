using OrleansBulk.Jobs;
using OrleansBulk.Tabs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Tabs;

/// <summary>
/// Three tabs; random edits of the source and of the sheets, lost answers, full disks, processes that die in the middle of a call, syncs that are cancelled, paused, run
/// beside each other or tried again, other columns, gaps that are closed: then one sync, and everything equals the source. An incremental one must do, unless rows were deleted or somebody
/// wrote into a sheet.
/// </summary>
public sealed class TabModelTests
{
    private static readonly TabCatalog Narrow = Catalog("""[{"name": "name"}, {"name": "email"}]""");
    private static readonly TabCatalog Wide = Catalog("""[{"name": "email"}, {"name": "country"}, {"name": "name", "title": "Who"}]""");

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [InlineData(16, false)]
    [InlineData(115, false)]
    public async Task EverythingEqualsTheSource_AfterOneSync_WhateverHappenedBefore(int seed, bool files)
    {
        var random = new Random(seed);
        var folder = TabSamples.Folder();
        try
        {
            await using var stage = await TabStage.StartAsync(catalog: Narrow, destination: files ? new FilesDestination(new FilesOptions { Folder = folder }) : new GridDestination());
            await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(60)");
            var earlier = new List<Guid>();
            var needsFull = false;
            for (var step = 1; step <= 12; step++)
            {
                if (step % 3 > 0 || random.Next(2) == 0) // what a sync leaves undone must come with the next one, though nothing has changed
                {
                    needsFull |= await EditAsync(stage, random, files);
                }

                if (step % 3 > 0)
                {
                    needsFull |= await TroubleAsync(stage, random, files, earlier);
                    continue;
                }

                SetTrouble(stage, files, null);
                var closesGaps = random.Next(3) == 0;
                var clean = await stage.SyncAsync(new { incremental = !needsFull, closeGaps = closesGaps ? new[] { "users", "progress" } : null });
                Assert.Equal((JobStatus.Completed, 0L), (clean.Status, clean.Failed));
                foreach (var tab in stage.Catalog.All)
                {
                    await AssertEqualAsync(stage, tab, files ? folder : null, $"step {step}, {(needsFull ? "full" : "incremental")}{(closesGaps ? ", gaps closed" : "")}");
                }

                needsFull = false;
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A sync to which something happens. Answers whether only a full one can put it right.</summary>
    private static async Task<bool> TroubleAsync(TabStage stage, Random random, bool files, List<Guid> earlier)
    {
        SetTrouble(stage, files, new Random(random.Next()));
        var kind = random.Next(6);
        if (kind < 2)
        {
            stage.Process.DieAfter(random.Next(8), isDone: random.Next(2) == 0);
        }

        var id = await stage.BeginAsync(new { incremental = random.Next(3) > 0, closeGaps = random.Next(4) == 0 ? new[] { "users" } : null });
        earlier.Add(id);
        var job = stage.Jobs.Grains.Job(id);
        var needsFull = false;
        switch (kind)
        {
            case < 2:
                await JobHarness.Until("the process dies or the job ends", async () => stage.Process.Dead.IsCompleted || (await stage.Jobs.RowAsync(id)).Status.IsFinal());
                await stage.CrashAsync(random.Next(2) == 0 ? Wide : Narrow);
                break;
            case 2:
                await job.CancelAsync();
                break;
            case 3:
                await job.PauseAsync();
                needsFull = await EditAsync(stage, random, files: true); // nobody edits the sheet while it is compared
                await job.ResumeAsync();
                break;
            case 4:
                await stage.SyncAsync(new { incremental = random.Next(3) > 0 });
                break;
            default:
                await stage.Jobs.EndAsync(id);
                await stage.RetryAsync(earlier[random.Next(earlier.Count)]);
                break;
        }

        await stage.Jobs.EndAsync(id);
        return needsFull;
    }

    private static void SetTrouble(TabStage stage, bool files, Random? trouble)
    {
        bool Comes(int of)
        {
            lock (trouble!)
            {
                return trouble.Next(of) == 0;
            }
        }

        stage.Process.DieAfter(int.MaxValue, isDone: false);
        if (files)
        {
            stage.Process.Publishing = () =>
            {
                if (trouble is not null && Comes(3))
                {
                    throw new IOException("There is no space left.");
                }
            };
            return;
        }

        stage.Grid.Trouble = () => trouble is null ? null : Comes(5) ? true : Comes(4) ? false : null;
        stage.Grid.Restoring = _ => trouble is not null && Comes(4) ? new CallTroubled("grid: no answer in time", "The test wants it.") : null;
    }

    /// <summary>Answers whether only a full sync can put it right.</summary>
    private static async Task<bool> EditAsync(TabStage stage, Random random, bool files)
    {
        await stage.Postgres.ExecuteAsync($"""
            UPDATE learning.users SET name = 'Edited {random.Next(1000)}', updated_at = now() WHERE id % 11 = {random.Next(11)};
            UPDATE learning.chat_logs SET message = 'Edited {random.Next(1000)}', updated_at = now() WHERE id % 13 = {random.Next(13)};
            UPDATE learning.course_progress SET percent = {random.Next(100)}, updated_at = now() WHERE id % 17 = {random.Next(17)};
            INSERT INTO learning.users (name, email, joined_on) SELECT 'More ' || n, 'more@example.org', '2026-02-02' FROM generate_series(1, {random.Next(8)}) n
            """);
        var needsFull = random.Next(4) == 0;
        if (needsFull)
        {
            await stage.Postgres.ExecuteAsync($"DELETE FROM learning.users WHERE id % 37 = {random.Next(37)}");
        }

        for (var edit = 0; !files && needsFull && edit < random.Next(4); edit++)
        {
            stage.Grid.Edit("users", random.Next(1, 100), random.Next(3) == 0 ? null : ["x", $"{random.Next()}"]);
        }

        return needsFull;
    }

    private static async Task AssertEqualAsync(TabStage stage, TabDefinition tab, string? folder, string when)
    {
        if (folder is null)
        {
            Assert.True((await stage.ExpectedAsync(tab.Name)).SequenceEqual(stage.Shown(tab.Name)), $"The sheet of {tab.Name} is not equal to the source after {when}.");
            return;
        }

        var expected = new FilesDestination(new FilesOptions { Folder = Path.Combine(folder, "expected") });
        await expected.PublishAsync(tab, TabSamples.Stream((await stage.ReadSourceAsync(tab.Name)).Select((row, place) => new TabRow(place + 1, row.Cells))), CancellationToken.None);
        var (wanted, there) = (await File.ReadAllLinesAsync(expected.PathsOf(tab)[0]), await File.ReadAllLinesAsync(Path.Combine(folder, Path.GetFileName(expected.PathsOf(tab)[0]))));
        Assert.True(wanted.Order(StringComparer.Ordinal).SequenceEqual(there.Order(StringComparer.Ordinal)) && wanted[0] == there[0], $"The file of {tab.Name} is not equal to the source after {when}.");
    }

    private static TabCatalog Catalog(string columns) => TabCatalog.Parse($$"""
        {"tabs": [
            {"name": "users", "batch": 10, "source": "SELECT id AS key, updated_at, name, email, country FROM learning.users", "columns": {{columns}}},
            {"name": "chats", "batch": 25, "source": "SELECT id AS key, updated_at, message FROM learning.chat_logs", "columns": [{"name": "message"}]},
            {"name": "progress", "batch": 25, "source": "SELECT id AS key, updated_at, percent FROM learning.course_progress", "columns": [{"name": "percent", "format": "number"}]}
        ]}
        """, "test.json");
}
