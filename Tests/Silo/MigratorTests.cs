using Microsoft.Extensions.Logging.Abstractions;
using OrleansBulk.Storage;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Silo;

public sealed class MigratorTests
{
    private static readonly Migration First = new("0001_first.sql", "CREATE TABLE first (id integer);");
    private static readonly Migration Second = new("0002_second.sql", "CREATE TABLE second (id integer); INSERT INTO second VALUES (1);");
    private static readonly Migration OfClusters = new("0100_cluster.sql", "CREATE TABLE of_clusters (id integer);", clusterOnly: true);

    [Fact]
    public async Task EveryFileOfTheProgram_AppliesOnce_AndASecondStartDoesNothing()
    {
        await using var database = await PostgresDatabase.CreateEmptyAsync();
        var migrations = Migration.Embedded();

        var first = await MigrateAsync(database, migrations, cluster: true);
        var second = await MigrateAsync(database, migrations, cluster: true);

        Assert.Equal(migrations, first);
        Assert.Empty(second);
        Assert.True(migrations.Count >= 4);
    }

    [Fact]
    public async Task OnlyTheNewFiles_AreApplied()
    {
        await using var database = await PostgresDatabase.CreateEmptyAsync();
        await MigrateAsync(database, [First]);

        var applied = await MigrateAsync(database, [First, Second]);

        Assert.Equal([Second], applied);
        Assert.Equal(1, await database.QueryAsync<int>("SELECT id FROM second"));
    }

    [Fact]
    public async Task FilesOfClusters_AreLeftOutByOtherProcesses_WhichKnowThemAllTheSame()
    {
        await using var database = await PostgresDatabase.CreateEmptyAsync();

        Assert.Equal([First], await MigrateAsync(database, [First, OfClusters]));
        Assert.Equal([OfClusters], await MigrateAsync(database, [First, OfClusters], cluster: true));
        Assert.Equal([Second], await MigrateAsync(database, [First, Second, OfClusters]));
    }

    [Fact]
    public async Task AChangedFile_StopsTheStart_AndNamesTheFile()
    {
        await using var database = await PostgresDatabase.CreateEmptyAsync();
        await MigrateAsync(database, [First]);

        var error = await Assert.ThrowsAsync<SiloStartException>(() => MigrateAsync(database, [new Migration("0001_first.sql", First.Sql + " -- oh"), Second]));

        Assert.Contains("0001_first.sql was changed after it was applied", error.Message, StringComparison.Ordinal);
        Assert.False(await database.QueryAsync<bool>("SELECT to_regclass('second') IS NOT NULL"));
    }

    [Fact]
    public void OtherLineEnds_AreTheSameFile() =>
        Assert.Equal(new Migration("0001_a.sql", "SELECT 1;\nSELECT 2;\n").Sha256, new Migration("0001_a.sql", "SELECT 1;\r\nSELECT 2;\r\n").Sha256);

    [Fact]
    public async Task ADatabaseNewerThanTheProgram_StopsTheStart()
    {
        await using var database = await PostgresDatabase.CreateEmptyAsync();
        await MigrateAsync(database, [First, Second]);

        var error = await Assert.ThrowsAsync<SiloStartException>(() => MigrateAsync(database, [First]));

        Assert.Contains("0002_second.sql", error.Message, StringComparison.Ordinal);
        Assert.Contains("newer than this program", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFileBetweenAppliedOnes_StopsTheStart()
    {
        await using var database = await PostgresDatabase.CreateEmptyAsync();
        await MigrateAsync(database, [Second]);

        var error = await Assert.ThrowsAsync<SiloStartException>(() => MigrateAsync(database, [First, Second]));

        Assert.Contains("0001_first.sql comes too late", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFileThatFails_LeavesNothingBehind_AndTheOnesBeforeItStay()
    {
        await using var database = await PostgresDatabase.CreateEmptyAsync();
        var broken = new Migration("0002_broken.sql", "CREATE TABLE half (id integer); SELECT 1 / 0;");

        var error = await Assert.ThrowsAsync<SiloStartException>(() => MigrateAsync(database, [First, broken]));

        Assert.Contains("0002_broken.sql failed and was rolled back: division by zero", error.Message, StringComparison.Ordinal);
        Assert.False(await database.QueryAsync<bool>("SELECT to_regclass('half') IS NOT NULL"));
        Assert.Equal([Second], await MigrateAsync(database, [First, Second]));
    }

    [Fact]
    public async Task EightStartsAtOnce_ApplyEachFileOnce()
    {
        await using var database = await PostgresDatabase.CreateEmptyAsync();
        var slow = new Migration("0003_slow.sql", "SELECT pg_sleep(0.2); CREATE TABLE slow (id integer);");

        var applied = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => MigrateAsync(database, [First, Second, slow])));

        Assert.Equal([First, Second, slow], applied.SelectMany(files => files).OrderBy(file => file.Number));
    }

    [Fact]
    public async Task AUserThatMayNotCreate_CanStartOnceTheSchemaIsThere()
    {
        await using var database = await PostgresDatabase.CreateEmptyAsync();
        await MigrateAsync(database, [First]);
        var user = $"plain_{Guid.NewGuid():N}";
        await database.ExecuteAsync($"CREATE ROLE {user} LOGIN PASSWORD 'secret'; GRANT SELECT ON schema_migrations TO {user}; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
        try
        {
            var theirs = new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = user, Password = "secret" }.ConnectionString;

            Assert.Empty(await Migrator([First]).RunAsync(theirs, TimeSpan.Zero, CancellationToken.None));
            var error = await Assert.ThrowsAsync<SiloStartException>(() => Migrator([First, Second]).RunAsync(theirs, TimeSpan.Zero, CancellationToken.None));
            Assert.Contains("GRANT CREATE ON SCHEMA public", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            await database.ExecuteAsync($"DROP OWNED BY {user}; DROP ROLE {user}");
        }
    }

    [Fact]
    public async Task AMissingDatabase_IsNamed()
    {
        await using var database = await PostgresDatabase.CreateEmptyAsync();
        var nowhere = new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString) { Database = "never_was" }.ConnectionString;

        var error = await Assert.ThrowsAsync<SiloStartException>(() => Migrator([First]).RunAsync(nowhere, TimeSpan.FromMinutes(1), CancellationToken.None));

        Assert.Contains("createdb never_was", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AWrongPassword_IsToldAtOnce_AndNotShown()
    {
        await using var database = await PostgresDatabase.CreateEmptyAsync();
        var wrong = new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString) { Password = "hush-hush" }.ConnectionString;

        var error = await Assert.ThrowsAsync<SiloStartException>(() => Migrator([First]).RunAsync(wrong, TimeSpan.FromMinutes(1), CancellationToken.None));

        Assert.Contains("refuses user", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hush-hush", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADatabaseThatStaysAway_IsGivenUpInTime_WithItsAddress()
    {
        // Port 1 of the loopback: nothing listens there.
        var error = await Assert.ThrowsAsync<SiloStartException>(() =>
            Migrator([First]).RunAsync("Host=127.0.0.1;Port=1;Database=bulk;Username=bulk", TimeSpan.FromSeconds(0.5), CancellationToken.None));

        Assert.Contains("127.0.0.1:1/bulk cannot be reached", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADatabaseThatComesUpLate_IsWaitedFor()
    {
        await using var postgres = await PrivatePostgres.StartNewAsync();
        await postgres.StopAsync();

        var migrating = Migrator([First]).RunAsync(postgres.ConnectionString, TimeSpan.FromMinutes(1), CancellationToken.None);
        await postgres.StartAsync();

        Assert.Equal([First], await migrating);
    }

    [Fact]
    public void TwoFilesWithOneNumber_AreRefused()
    {
        var error = Assert.Throws<ArgumentException>(() => Migrator([First, new Migration("0001_other.sql", "SELECT 1")]));

        Assert.Contains("have the same number", error.Message, StringComparison.Ordinal);
    }

    private static Task<IReadOnlyList<Migration>> MigrateAsync(PostgresDatabase database, IReadOnlyList<Migration> migrations, bool cluster = false) =>
        Migrator(migrations, cluster).RunAsync(database.ConnectionString, TimeSpan.Zero, CancellationToken.None);

    private static Migrator Migrator(IReadOnlyList<Migration> migrations, bool cluster = false) =>
        new(migrations, cluster, TimeProvider.System, NullLogger<Migrator>.Instance);
}
