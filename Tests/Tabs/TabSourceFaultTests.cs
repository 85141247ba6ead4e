using OrleansBulk.Jobs;
using OrleansBulk.Tabs;

namespace OrleansBulk.Tests.Tabs;

/// <summary>A source as it must not be: what is wrong with a row is that row's trouble, and no other's.</summary>
public sealed class TabSourceFaultTests
{
    private const string Table = "CREATE TABLE learning.odd (id bigint, what text, updated_at timestamptz DEFAULT now())";

    [Theory]
    [InlineData("numeric", "'NaN'", "NaN")]
    [InlineData("numeric", "12345678901234567890123456789012345678901234567890.5", "12345678901234567890123456789012345678901234567890.5")]
    [InlineData("time", "'24:00'", "24:00:00")]
    [InlineData("time", "'12:30:15.5'", "12:30:15.5")]
    [InlineData("interval", "'-1 month 3 days'", "-1 mons +3 days")]
    [InlineData("date", "'20224-01-31'", "20224-01-31")]
    [InlineData("date", "'infinity'", "infinity")]
    [InlineData("integer[]", "ARRAY[1, NULL, 3]", "1, , 3")]
    [InlineData("double precision", "'Infinity'", "Infinity")]
    [InlineData("bit(3)", "B'101'", "101")]
    public async Task ValueThatIsUnusual_IsACellLikeAnyOther(string type, string value, string cell)
    {
        await using var stage = await StartAsync($"SELECT id AS key, updated_at, {value}::{type} AS cell FROM learning.odd");
        await stage.Postgres.ExecuteAsync("INSERT INTO learning.odd (id) VALUES (1)");

        var job = await stage.SyncAsync();

        Assert.Equal(0L, job.Failed);
        Assert.Equal([cell], stage.Shown("odd"));
    }

    [Theory]
    [InlineData("1 / (id - 3)", "cannot compute a value")] // the database cannot
    [InlineData("CASE WHEN id = 3 THEN '20224-01-31'::timestamptz ELSE now() END", "has a value that cannot be read")] // this service cannot
    public async Task RowThatCannotBeRead_Fails_TheOthersAreTakenOver_AndTheTabIsNotHeldUp(string expression, string problem)
    {
        await using var stage = await StartAsync($"SELECT id AS key, updated_at, {expression} AS cell FROM learning.odd");
        await stage.Postgres.ExecuteAsync("INSERT INTO learning.odd (id, updated_at) SELECT n, now() - interval '1 hour' + n * interval '1 second' FROM generate_series(1, 25) n");

        var job = await stage.SyncAsync();

        Assert.Equal((JobStatus.Completed, 1L), (job.Status, job.Failed));
        Assert.Equal(24, stage.Grid.Rows("odd").Count);
        var state = (await stage.Store.ListAsync(CancellationToken.None))["odd"];
        Assert.Equal((true, "25"), (state.Last!.IsWhole, state.Watermark?.Key));
        Assert.Contains(problem, state.Error, StringComparison.Ordinal);
        Assert.Equal(25, stage.Grid.Rows("good").Count);
    }

    [Fact]
    public async Task KeyThatComesTwice_Fails_AndNoOtherRow()
    {
        await using var stage = await StartAsync("SELECT id AS key, updated_at, what AS cell FROM learning.odd");
        await stage.Postgres.ExecuteAsync("INSERT INTO learning.odd (id, what) VALUES (1, 'once'), (2, 'twice'), (2, 'Twice')");

        var job = await stage.SyncAsync();

        Assert.Equal(JobStatus.Completed, job.Status);
        Assert.Equal(["once"], stage.Shown("odd"));
        Assert.Contains("answers the key 2 2 times", (await stage.Store.ListAsync(CancellationToken.None))["odd"].Error, StringComparison.Ordinal);
        Assert.Equal(2, stage.Grid.Rows("good").Count);
    }

    [Theory]
    [InlineData("-infinity")]
    [InlineData("0001-01-01 00:00:00+00")]
    [InlineData("20224-01-01 00:00:00+00")]
    [InlineData("infinity")]
    public async Task TimeThatIsNone_LeavesItsRowOut_AndIsSaidUntilAFullSyncFindsNoMore(string time)
    {
        await using var stage = await StartAsync("SELECT id AS key, updated_at, what AS cell FROM learning.odd");
        await stage.Postgres.ExecuteAsync($"INSERT INTO learning.odd (id, what, updated_at) VALUES (1, 'never', '{time}'), (2, 'now', now())");

        Assert.Equal(1L, (await stage.SyncAsync(new { incremental = false })).Failed);
        Assert.Equal(["now"], stage.Shown("odd"));
        await stage.Postgres.ExecuteAsync("UPDATE learning.odd SET updated_at = now() WHERE id = 1");
        Assert.Equal(0L, (await stage.SyncAsync()).Failed);
        Assert.Contains("no updated_at", (await stage.Store.ListAsync(CancellationToken.None))["odd"].Error, StringComparison.Ordinal);
        Assert.Equal(0L, (await stage.SyncAsync(new { incremental = false })).Failed);

        Assert.Equal(["never", "now"], stage.Shown("odd"));
        Assert.Null((await stage.Store.ListAsync(CancellationToken.None))["odd"].Error);
    }

    [Theory]
    [InlineData("lpad(to_hex(id), 32, '0')::uuid")]
    [InlineData("'no. ' || id")]
    public async Task KeyOfAnotherTypeThanBefore_ReplacesAllRows_AndTheWayBackToo(string key)
    {
        await using var stage = await StartAsync("SELECT id AS key, updated_at, what AS cell FROM learning.odd");
        await stage.Postgres.ExecuteAsync("INSERT INTO learning.odd (id, what) SELECT n, 'row ' || n FROM generate_series(1, 30) n");
        await stage.SyncAsync();

        foreach (var source in new[] { $"SELECT {key} AS key, updated_at, what AS cell FROM learning.odd", "SELECT id AS key, updated_at, what AS cell FROM learning.odd" })
        {
            await stage.CrashAsync(Catalog(source));
            var job = await stage.SyncAsync();
            Assert.Equal((JobStatus.Completed, 0L), (job.Status, job.Failed));
            Assert.Equal(await stage.ExpectedAsync("odd"), stage.Shown("odd"));
            Assert.Equal(0, (await stage.Source.ReadLagAsync(stage.Catalog.Find("odd")!, (await stage.Store.ListAsync(CancellationToken.None))["odd"].Watermark, 10, CancellationToken.None)).Rows);
        }
    }

    [Fact]
    public async Task RowsOfTheFuture_DoNotTakeThePlaceOfOthers()
    {
        await using var stage = await StartAsync("SELECT id AS key, updated_at, what AS cell FROM learning.odd", limit: 20);
        await stage.Postgres.ExecuteAsync("INSERT INTO learning.odd (id, what, updated_at) SELECT n, 'to come ' || n, now() + interval '3 hours' FROM generate_series(1, 20) n");
        await stage.SyncAsync();
        await stage.Postgres.ExecuteAsync("INSERT INTO learning.odd (id, what, updated_at) SELECT n, 'later ' || n, now() + interval '4 hours' FROM generate_series(21, 30) n");

        await stage.SyncAsync();

        Assert.Equal(30, stage.Grid.Rows("odd").Count);
    }

    private static async Task<TabStage> StartAsync(string source, int limit = 500)
    {
        var stage = await TabStage.StartAsync(catalog: Catalog(source, limit));
        await stage.Postgres.ExecuteAsync(Table);
        return stage;
    }

    /// <summary>The odd tab first, and a good one behind it.</summary>
    private static TabCatalog Catalog(string source, int limit = 500) => TabCatalog.Parse($$"""
        {"tabs": [
            {"name": "odd", "batch": 10, "limit": {{limit}}, "source": "{{source}}", "columns": [{"name": "cell"}]},
            {"name": "good", "batch": 10, "source": "SELECT DISTINCT ON (id) id AS key, '2026-01-01'::timestamptz AS updated_at, what FROM learning.odd", "columns": [{"name": "what"}]}
        ]}
        """, "test.json");
}
