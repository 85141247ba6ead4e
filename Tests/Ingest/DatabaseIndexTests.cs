using System.Diagnostics;
using System.Reflection;
using Npgsql;
using OrleansBulk.Distribution;
using OrleansBulk.Ingest;
using OrleansBulk.Leads;
using OrleansBulk.Providers;
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
        Assert.Contains("All 21 indexes are there and valid.", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task IndexLeftInvalid_IsMadeAgain_AndWhatIsLeftBesideOneIsDropped()
    {
        await RunAsync(_postgres.ConnectionString);
        await _postgres.ExecuteAsync("CREATE INDEX idx_global_usernames_username_ccnew ON global_usernames (username); CREATE INDEX idx_global_usernames_id_ccold1 ON global_usernames (id)");
        await _postgres.ExecuteAsync("UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ('idx_global_usernames_username'::regclass, 'idx_global_usernames_username_ccnew'::regclass, 'idx_global_usernames_id_ccold1'::regclass)");

        var (code, said) = await RunAsync(_postgres.ConnectionString);

        Assert.True(code == 0, said);
        Assert.Contains("idx_global_usernames_username was left invalid", said, StringComparison.Ordinal);
        Assert.True(await _postgres.QueryAsync<bool>("SELECT indisvalid FROM pg_index WHERE indexrelid = 'idx_global_usernames_username'::regclass"));
        Assert.Equal(0, await _postgres.QueryAsync<long>("SELECT count(*) FROM pg_class WHERE relname ~ '_cc(new|old)[0-9]*$'"));
    }

    [Fact]
    public async Task ConnectionString_IsReadAsTheServiceReadsIt()
    {
        await using var other = await PostgresDatabase.CreateEmptyAsync();
        var own = new NpgsqlConnectionStringBuilder(other.ConnectionString);
        foreach (var form in new[]
        {
            $"Host={own.Host}; Port={own.Port}; Database={own.Database}; User Name={own.Username}; Password={own.Password}",
            $" server = {own.Host} ;PORT={own.Port};DB='{own.Database}';UID=\"{own.Username}\";PWD=\"{own.Password}\";",
            $"Application Name='a;b=c';Host={own.Host}:{own.Port};Database={own.Database};UserId={own.Username};Password='{own.Password}'",
        })
        {
            var (_, said) = await RunAsync(form);

            Assert.Contains($"The database '{other.Name}' is not one of this service", said, StringComparison.Ordinal); // so it was found
        }
    }

    [Fact]
    public async Task ConnectionStringWithoutAServer_IsNoReasonToLookAtAnother()
    {
        var (code, said) = await RunAsync("Database=bulk;Username=postgres");

        Assert.Equal(2, code);
        Assert.Contains("names no Host", said, StringComparison.Ordinal);
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
        await UsesAsync("idx_global_usernames_username", Sql<UsernameStore>("SearchSql"), "'user12', 'user12\U0010FFFF', NULL, NULL, NULL, NULL, NULL, 50");
        await UsesAsync("idx_global_usernames_job", Sql<UsernameStore>("OfIngestSql"), "'00000000-0000-0000-0000-000000000001', 100, 50");
        await UsesAsync("idx_distribution_assignments_recipient", Sql<AssignmentStore>("ExportSql"), $"'{distribution}', 1, '', 1, 5000");
        await UsesAsync("idx_distribution_assignments_recipient", Sql<DistributionStore>("RecipientsSql"), $"'{distribution}'");
        await UsesAsync("idx_distribution_assignments_status", Sql<AssignmentStore>("RemoveSql"), "'done', '2026-01-02', true");
        await UsesAsync("idx_distribution_assignments_assigned", Sql<AssignmentStore>("ListSql"), $"{Day}, NULL, NULL, NULL, 50");
        await UsesAsync("idx_distributions_created", Sql<DistributionStore>("ListSql"), $"{Day}, NULL, NULL, 50");
    }

    [Fact]
    public async Task EachList_OfProvidersAndLeads_UsesTheIndexThatIsThereForIt_AndSortsNothing()
    {
        Assert.Equal(0, (await RunAsync(_postgres.ConnectionString)).Code);
        await _postgres.ExecuteAsync("""
            INSERT INTO providers (npi, entity, name, city, state, taxonomy, taxonomies, status, source, created_at, updated_at)
            SELECT 1000000000 + n, 'individual', 'SAMPLE' || md5(n::text), 'CITY' || n * 7919 % 500, chr(65 + n % 26) || chr(65 + n * 31 % 26), (100 + n * 13 % 300) || '000000X', '{}',
                CASE WHEN n % 97 = 0 THEN 'deactivated' ELSE 'active' END, 'test', now(), now() FROM generate_series(1, 60000) n
            """);
        await _postgres.ExecuteAsync("""
            INSERT INTO leads SELECT gen_random_uuid(), 1000000000 + n * 3, CASE WHEN n % 50 = 0 THEN 'won' ELSE 'new' END, 'ada', now(), timestamptz '2026-01-01' + n * interval '1 minute', p.name, p.state, p.city, p.taxonomy
            FROM generate_series(1, 20000) n JOIN providers p ON p.npi = 1000000000 + n * 3
            """);
        await _postgres.ExecuteAsync("VACUUM ANALYZE providers, leads"); // what was inserted waits in a list of its own until then, which makes a search look dear

        await ListsAsync("providers_pkey", ProviderFilter.None, "1000000500");
        await ListsAsync("idx_providers_state_city", ProviderFilter.None with { State = "AA" }, "1000000500, 'CITY7'", "'AA'");
        await ListsAsync("idx_providers_state_city", ProviderFilter.None with { State = "AA", City = "CITY26" }, "1000000500", "'AA', 'CITY26'", maySort: true); // a few
        await ListsAsync("idx_providers_taxonomy", ProviderFilter.None with { Taxonomy = "113000000X" }, "1000000500, 'CITY7', 'AA'", "'113000000X'");
        await ListsAsync("idx_providers_taxonomy", ProviderFilter.None with { Taxonomy = "113000000X", State = "BF" }, "1000000500, 'CITY7'", "'BF', '113000000X'", maySort: true); // a few
        await ListsAsync("idx_providers_deactivated", ProviderFilter.None with { Status = ProviderFilter.Deactivated }, "1000000500");
        await UsesAsync("idx_providers_name", ProviderStore.ListSql(ProviderFilter.None with { Search = "abcdef" }, after: false, inside: true), "50, '%abcdef%'", "force_custom_plan");
        await UsesAsync("idx_providers_name_start", ProviderStore.ListSql(ProviderFilter.None with { Search = "samplea0b1" }, after: false, inside: false), "50, 'samplea0b1%'", "force_custom_plan");

        await UsesAsync("idx_leads_updated", LeadStore.ListSql(new LeadFilter(null, null, ProviderFilter.None), after: true, inside: true), $"50, '2026-01-05', '{Guid.Empty}'");
        await UsesAsync("idx_leads_status", LeadStore.ListSql(new LeadFilter("won", null, ProviderFilter.None), after: false, inside: true), "50, 'won'");
        await UsesAsync("idx_leads_state", LeadStore.ListSql(new LeadFilter(null, null, ProviderFilter.None with { State = "AA" }), after: false, inside: true), "50, 'AA'", sorted: true);
        await UsesAsync("idx_leads_taxonomy", LeadStore.ListSql(new LeadFilter(null, null, ProviderFilter.None with { Taxonomy = "113000000X" }), after: false, inside: true), "50, '113000000X'", sorted: true);
        await UsesAsync("idx_leads_name", LeadStore.ListSql(new LeadFilter(null, null, ProviderFilter.None with { Search = "abcdef" }), after: false, inside: true), "50, '%abcdef%'", "force_custom_plan");
        await UsesAsync("idx_leads_provider_status", "SELECT EXISTS (SELECT FROM leads l WHERE l.npi = $1 AND l.status = $2)", "1000000300, 'won'");

        async Task ListsAsync(string index, ProviderFilter filter, string place, string? asked = null, bool maySort = false)
        {
            asked = asked is null ? "" : $", {asked}";
            await UsesAsync(index, ProviderStore.ListSql(filter, after: false, inside: true), $"50{asked}", sorted: !maySort);
            await UsesAsync(index, ProviderStore.ListSql(filter, after: true, inside: true), $"50, {place}{asked}", sorted: !maySort);
        }
    }

    [Fact]
    public async Task WithoutTheExtension_TheScriptSaysSo_AndMakesTheOthers()
    {
        await _postgres.ExecuteAsync("DROP EXTENSION pg_trgm");
        await _postgres.ExecuteAsync($"CREATE ROLE plain_{_postgres.Name} LOGIN PASSWORD 'plain'"); // a server that trusts nobody wants one
        await _postgres.ExecuteAsync($"GRANT ALL ON ALL TABLES IN SCHEMA public TO plain_{_postgres.Name}");
        try
        {
            // Whoever may not create extensions may not create these indexes either, but is told about the extension first.
            var (_, said) = await RunAsync(new NpgsqlConnectionStringBuilder(_postgres.ConnectionString) { Username = "plain_" + _postgres.Name, Password = "plain" }.ConnectionString);

            Assert.Contains("idx_providers_name is left out: the extension pg_trgm is missing here", said, StringComparison.Ordinal);
        }
        finally
        {
            await _postgres.ExecuteAsync($"DROP OWNED BY plain_{_postgres.Name}; DROP ROLE plain_{_postgres.Name}");
        }
    }

    private static string Sql<TStore>(string name) => (string)typeof(TStore).GetField(name, BindingFlags.Static | BindingFlags.NonPublic)!.GetRawConstantValue()!;

    /// <summary>As the service sends it: prepared, with its parameters; planned for them, as it is until it was sent often.</summary>
    private async Task UsesAsync(string index, string sql, string parameters, string? onlyMode = null, bool sorted = false)
    {
        await using var connection = await _postgres.OpenAsync();
        await using var prepare = new NpgsqlCommand($"PREPARE asked AS {sql}", connection);
        await prepare.ExecuteNonQueryAsync();
        foreach (var mode in onlyMode is null ? new[] { "force_custom_plan", "force_generic_plan" } : [onlyMode])
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
            Assert.False(sorted && lines.Exists(line => line.Contains("Sort", StringComparison.Ordinal)), $"{sql} sorts ({mode}):\n{string.Join('\n', lines)}");
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
