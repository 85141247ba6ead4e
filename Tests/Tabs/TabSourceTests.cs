using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansBulk.Tabs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web;

namespace OrleansBulk.Tests.Tabs;

/// <summary>What is asked of the source database.</summary>
public sealed partial class TabSourceTests
{
    [Fact]
    public async Task IncrementalSync_ReadsOnlyAboutWhatChanged()
    {
        await using var postgres = await PostgresDatabase.CreateAsync();
        await postgres.ExecuteAsync("SELECT learning.make_demo(30000)");
        await postgres.ExecuteAsync("VACUUM ANALYZE");
        var mark = await postgres.QueryAsync<DateTime>("SELECT max(updated_at) FROM learning.quiz_responses");
        await postgres.ExecuteAsync("UPDATE learning.quiz_responses SET answer = 'changed', updated_at = now() + interval '1 minute' WHERE id % 1000 = 0");
        await using var source = new TabSource(postgres.ConnectionString, new TabOptions());
        foreach (var tab in TabCatalog.Load(null).All.Where(tab => tab.Name == "quiz-responses"))
        {
            var shape = await source.DescribeAsync(tab, CancellationToken.None);
            await using var connection = await postgres.Database.Bulk.OpenConnectionAsync(CancellationToken.None);
            await using var command = connection.CreateCommand();
            TabSource.AskForPlaces(command, tab, shape, null, new TabPlace(new DateTimeOffset(mark), "0"), null, tab.Limit);
            command.CommandText = "EXPLAIN (ANALYZE, BUFFERS) " + command.CommandText;
            var plan = await ReadAsync(command);

            Assert.DoesNotContain("Seq Scan on quiz_responses", plan, StringComparison.Ordinal);
            Assert.Contains("quiz_responses_updated", plan, StringComparison.Ordinal);
            var pages = Buffers().Matches(plan).Select(found => int.Parse(found.Groups[1].Value)).Max();
            Assert.True(pages < 120 * 12, $"{pages} pages were read for 120 changed rows of 120,000:\n{plan}"); // a page of each index and table a row, at most
        }
    }

    [Fact]
    public async Task BatchOfRows_IsFoundByItsKeys()
    {
        await using var postgres = await PostgresDatabase.CreateAsync();
        await postgres.ExecuteAsync("SELECT learning.make_demo(5)");
        await using var source = new TabSource(postgres.ConnectionString, new TabOptions());
        var tab = TabCatalog.Load(null).Find("course-progress")!;

        var rows = await source.ReadRowsAsync(tab, ["1", "3", "999"], CancellationToken.None);
        var gone = await source.FindGoneAsync(tab, ["1", "3", "999"], CancellationToken.None);

        Assert.Equal(["1", "3"], rows.Select(row => row.Key).Order());
        Assert.All(rows, row => Assert.Matches("^[0-9]+\\|Learner [0-9]+\\|learner[0-9]+@example.org\\|[A-Z].+\\|[0-9.]+\\|20[0-9-]+ [0-9:]+$", string.Join('|', row.Cells)));
        Assert.Equal(["999"], gone);
    }

    [Fact]
    public async Task Lag_IsCountedInTheDatabase_AndNothingButTheFigureComes()
    {
        await using var postgres = await PostgresDatabase.CreateAsync();
        await postgres.ExecuteAsync("SELECT learning.make_demo(50)");
        await using var source = new TabSource(postgres.ConnectionString, new TabOptions());
        var tab = TabCatalog.Load(null).Find("chat-logs")!;
        var oldest = new DateTimeOffset(await postgres.QueryAsync<DateTime>("SELECT min(updated_at) FROM learning.chat_logs"));

        Assert.Equal(new TabLag(50, oldest), await source.ReadLagAsync(tab, null, 100, CancellationToken.None));
        Assert.Equal(new TabLag(30, oldest), await source.ReadLagAsync(tab, null, 30, CancellationToken.None));
        Assert.Equal(new TabLag(0, null), await source.ReadLagAsync(tab, new TabPlace(DateTimeOffset.UtcNow.AddDays(1), "1"), 30, CancellationToken.None));
    }

    [Fact]
    public async Task RoleThatOnlyReads_IsMadeByTheScript_AndOneThatMayWriteIsNamed()
    {
        await using var postgres = await PostgresDatabase.CreateAsync();
        var role = $"tab_reader_{Guid.NewGuid():N}";
        var script = string.Join('\n', (await File.ReadAllLinesAsync(Repository.PathOf("scripts", "sql", "tab_reader.sql"))).Where(line => !line.StartsWith("--", StringComparison.Ordinal)));
        await postgres.ExecuteAsync(script.Replace(":\"role\"", role, StringComparison.Ordinal).Replace(":\"schema\"", "learning", StringComparison.Ordinal));
        try
        {
            await using var owner = new TabSource(postgres.ConnectionString, new TabOptions());
            Assert.NotNull(await owner.FindWritingRoleAsync(CancellationToken.None));
            await postgres.ExecuteAsync($"SET ROLE {role}; SELECT count(*) FROM learning.users, learning.chat_logs; RESET ROLE");
            var refused = await Assert.ThrowsAsync<PostgresException>(() => postgres.ExecuteAsync($"SET ROLE {role}; DELETE FROM learning.users"));
            Assert.Equal("42501", refused.SqlState);
            Assert.False(await postgres.QueryAsync<bool>($"SELECT bool_or(has_table_privilege('{role}', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')) FROM pg_class c WHERE c.relnamespace = 'learning'::regnamespace AND c.relkind = 'r'"));
        }
        finally
        {
            await postgres.ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}");
        }
    }

    [Fact]
    public async Task TabsWhoseQueryIsWrong_AreNamedAtTheStart()
    {
        var catalog = TabCatalog.Parse("""
            {"tabs": [
                {"name": "wrong", "source": "SELECT id AS key, updated_at, name FROM learning.nobody", "columns": [{"name": "name"}]},
                {"name": "right", "source": "SELECT id AS key, updated_at, name FROM learning.users", "columns": [{"name": "name"}]}
            ]}
            """, "test.json");
        await using var postgres = await PostgresDatabase.CreateAsync();
        await using var source = new TabSource(postgres.ConnectionString, new TabOptions());
        using var log = new LogCapture();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(log));
        var settings = new Microsoft.Extensions.Configuration.ConfigurationBuilder().Add(new Microsoft.Extensions.Configuration.Memory.MemoryConfigurationSource { InitialData = [new("ConnectionStrings:TabSource", "its own")] }).Build();
        using var check = new TabSourceCheck(source, catalog, settings, loggers.CreateLogger<TabSourceCheck>());

        Assert.Equal(1, await check.RunOnceAsync(CancellationToken.None));

        Assert.Contains("The tab 'wrong' cannot be synced: its source query is refused: relation \"learning.nobody\" does not exist.", log.At(LogLevel.Error), StringComparison.Ordinal);
        Assert.Contains("which may write too", log.At(LogLevel.Warning), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, TabFormat.Text, "")]
    [InlineData(true, TabFormat.Flag, "yes")]
    [InlineData(1234567.25, TabFormat.Number, "1234567.25")]
    [InlineData("=1+1", TabFormat.Text, "=1+1")] // whether a spreadsheet takes it for a formula is the destination's affair
    [InlineData("a\0b", TabFormat.Text, "ab")]
    public void Values_BecomeTexts(object? value, TabFormat format, string text) => Assert.Equal(text, TabCells.Text(value, format));

    private static async Task<string> ReadAsync(NpgsqlCommand command)
    {
        var lines = new List<string>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            lines.Add(reader.GetString(0));
        }

        return string.Join('\n', lines);
    }

    [GeneratedRegex("Buffers: shared hit=([0-9]+)")]
    private static partial Regex Buffers();
}
