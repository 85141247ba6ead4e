using System.Diagnostics;
using System.Reflection;
using Npgsql;
using OrleansBulk.Distribution;
using OrleansBulk.Ingest;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Ingest;

/// <summary><c>scripts/apply-indexes.sh</c> against real databases, and each index used by the query that it is for.</summary>
public sealed class DatabaseIndexTests : IAsyncLifetime
{
    private PostgresDatabase _postgres = null!;

    public async Task InitializeAsync() => _postgres = await PostgresDatabase.CreateAsync();

    public Task DisposeAsync() => _postgres.DisposeAsync();

    [Fact]
    public async Task Script_AppliesAll_AgainAtWill_AndSaysWhatIsThere()
    {
        var (first, said) = await RunAsync(_postgres.ConnectionString);
        var (again, _) = await RunAsync(_postgres.ConnectionString);

        Assert.True(first == 0, said);
        Assert.Equal(0, again);
        Assert.Contains("idx_global_usernames_used_false", said, StringComparison.Ordinal);
        Assert.Contains("idx_global_usernames_id", said, StringComparison.Ordinal);
        Assert.Contains("All 18 indexes are there and valid.", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task IndexLeftInvalid_IsMadeAgain()
    {
        await RunAsync(_postgres.ConnectionString);
        await _postgres.ExecuteAsync("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_global_usernames_username'::regclass");

        var (code, said) = await RunAsync(_postgres.ConnectionString);

        Assert.True(code == 0, said);
        Assert.Contains("idx_global_usernames_username was left invalid", said, StringComparison.Ordinal);
        Assert.True(await _postgres.QueryAsync<bool>("SELECT indisvalid FROM pg_index WHERE indexrelid = 'idx_global_usernames_username'::regclass"));
    }

    [Fact]
    public async Task ADatabaseThatIsNotOurs_IsRefused()
    {
        await using var other = await PostgresDatabase.CreateEmptyAsync();

        var (code, said) = await RunAsync(other.ConnectionString);

        Assert.Equal(3, code);
        Assert.Contains("not one of this service", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EachQuery_UsesTheIndexThatIsThereForIt()
    {
        Assert.Equal(0, (await RunAsync(_postgres.ConnectionString)).Code);
        await _postgres.ExecuteAsync("""
            INSERT INTO global_usernames (id, username, used, ingested_at, job_id, ord)
            SELECT 'u' || n, 'user' || n * 7919 % 60000, n % 2 = 0, timestamptz '2026-01-01' + n * interval '1 minute', '00000000-0000-0000-0000-000000000001', n FROM generate_series(1, 60000) n
            """);
        await _postgres.ExecuteAsync("INSERT INTO distributions SELECT gen_random_uuid(), 'd' || n, 100, 100, '{a,b}', 'x', timestamptz '2026-01-01' + n * interval '1 hour' FROM generate_series(1, 3000) n");
        await _postgres.ExecuteAsync("""
            INSERT INTO distribution_assignments SELECT 'u' || n * 2, (SELECT id FROM distributions WHERE name = 'd' || 1 + n / 100), 1 + n % 2,
                (ARRAY['assigned', 'contacted', 'done', 'rejected'])[1 + n % 4], timestamptz '2026-01-01' + n * interval '1 minute', timestamptz '2026-01-01' + n * interval '1 minute' FROM generate_series(1, 30000) n
            """);
        await _postgres.ExecuteAsync("ANALYZE");
        const string Day = "'2026-01-20', '2026-01-21'";
        var distribution = (await _postgres.QueryAsync<Guid>("SELECT id FROM distributions WHERE name = 'd100'")).ToString();

        await UsesAsync("idx_global_usernames_used_false", Sql<DistributionStore>("AssignSql"), $"14400, now(), '{distribution}', 80");
        await UsesAsync("idx_global_usernames_used_false", Sql<UsernameStore>("UnusedSql"), "NULL, NULL, NULL, NULL, 50");
        await UsesAsync("idx_global_usernames_used_true", Sql<UsernameStore>("UsedSql"), "NULL, NULL, NULL, NULL, 50");
        await UsesAsync("idx_global_usernames_ingested", Sql<UsernameStore>("ByTimeSql"), $"NULL, NULL, {Day}, 50");
        await UsesAsync("idx_global_usernames_id", Sql<UsernameStore>("ByIdSql"), "'u100', 50");
        await UsesAsync("idx_global_usernames_id", Sql<UsernameStore>("FindSql"), "'u100'");
        await UsesAsync("idx_global_usernames_username", Sql<UsernameStore>("SearchSql"), "'user12', 'user12\uffff', NULL, NULL, NULL, NULL, NULL, 50");
        await UsesAsync("idx_global_usernames_job", Sql<UsernameStore>("OfIngestSql"), "'00000000-0000-0000-0000-000000000001', 100, 50");
        await UsesAsync("idx_distribution_assignments_recipient", Sql<AssignmentStore>("ExportSql"), $"'{distribution}', 1");
        await UsesAsync("idx_distribution_assignments_recipient", Sql<DistributionStore>("RecipientsSql"), $"'{distribution}'");
        await UsesAsync("idx_distribution_assignments_status", Sql<AssignmentStore>("RemoveSql"), "'done', '2026-01-02', true");
        await UsesAsync("idx_distribution_assignments_assigned", Sql<AssignmentStore>("ListSql"), $"{Day}, NULL, NULL, NULL, 50");
        await UsesAsync("idx_distributions_created", Sql<DistributionStore>("ListSql"), $"{Day}, NULL, NULL, 50");
    }

    private static string Sql<TStore>(string name) => (string)typeof(TStore).GetField(name, BindingFlags.Static | BindingFlags.NonPublic)!.GetRawConstantValue()!;

    /// <summary>As the service sends it: prepared, with its parameters; planned for them, as it is until it was sent often.</summary>
    private async Task UsesAsync(string index, string sql, string parameters)
    {
        await using var connection = await _postgres.OpenAsync();
        await using var prepare = new NpgsqlCommand($"PREPARE asked AS {sql}", connection);
        await prepare.ExecuteNonQueryAsync();
        foreach (var mode in new[] { "force_custom_plan", "force_generic_plan" })
        {
            await using var plan = new NpgsqlCommand($"SET plan_cache_mode = {mode}; EXPLAIN EXECUTE asked({parameters})", connection);
            await using var reader = await plan.ExecuteReaderAsync();
            var lines = new List<string>();
            while (await reader.ReadAsync())
            {
                lines.Add(reader.GetString(0));
            }

            Assert.True(lines.Exists(line => line.Contains($" {index} ", StringComparison.Ordinal) || line.EndsWith($" {index}", StringComparison.Ordinal)),
                $"{index} is not used ({mode}):\n{sql}\n{string.Join('\n', lines)}");
        }
    }

    private static async Task<(int Code, string Said)> RunAsync(string connectionString)
    {
        var start = new ProcessStartInfo(Path.Combine(Repository.Root, "scripts", "apply-indexes.sh")) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["ConnectionStrings__Bulk"] = connectionString;
        using var script = Process.Start(start)!;
        var (output, error) = (script.StandardOutput.ReadToEndAsync(), script.StandardError.ReadToEndAsync());
        await script.WaitForExitAsync();
        return (script.ExitCode, await output + await error);
    }
}
