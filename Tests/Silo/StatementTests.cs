using System.Reflection;
using Npgsql;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Silo;

/// <summary>
/// Every SQL statement of the sources fits the migrated schema. A statement is a constant whose first line is <c>-- name: …</c>; COPY and DDL cannot be
/// prepared and are checked by the tests that run them.
/// </summary>
public sealed class StatementTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>
{
    private const string Mark = "-- name: ";
    private static readonly string[] Assemblies = ["OrleansBulk.Grains", "OrleansBulk.Silo", "OrleansBulk.Web"];
    private static readonly string[] Preparable = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "MERGE", "VALUES"];

    public static TheoryData<string, string> All()
    {
        var all = new TheoryData<string, string>();
        foreach (var (name, place, _) in Statements().Where(statement => CanBePrepared(statement.Sql)))
        {
            all.Add(name, place);
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task FitsTheSchema(string name, string place)
    {
        var sql = Statements().Single(statement => statement.Name == name && statement.Place == place).Sql;

        await PrepareAsync(sql);
    }

    [Fact]
    public void TheStatementsAreFound_AndEachHasANameOfItsOwn()
    {
        var statements = Statements().ToList();

        Assert.Contains(statements, statement => statement.Name == "ReadSchemaMigrations");
        Assert.True(statements.Count(statement => CanBePrepared(statement.Sql)) >= 10, $"Only {statements.Count} statements were found.");
        Assert.Empty(statements.GroupBy(statement => statement.Name).Where(same => same.Count() > 1).Select(same => $"{same.Key}: {string.Join(", ", same.Select(statement => statement.Place))}"));
    }

    [Fact]
    public async Task AStatementThatDoesNotFit_IsRefused()
    {
        await Assert.ThrowsAsync<PostgresException>(() => PrepareAsync("-- name: Wrong\nSELECT no_such_column FROM jobs"));
    }

    private async Task PrepareAsync(string sql)
    {
        await using var connection = await database.OpenAsync();
        await using var command = new NpgsqlCommand($"PREPARE statement AS {sql}", connection);
        await command.ExecuteNonQueryAsync();
    }

    private static bool CanBePrepared(string sql)
    {
        var first = sql.Split('\n').Select(line => line.Trim()).First(line => line.Length > 0 && !line.StartsWith("--", StringComparison.Ordinal));
        return Preparable.Any(word => first.StartsWith(word, StringComparison.OrdinalIgnoreCase));
    }

    private static IEnumerable<(string Name, string Place, string Sql)> Statements() =>
        from assembly in Assemblies.Select(Assembly.Load)
        from type in assembly.GetTypes()
        from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        where field.IsLiteral && field.FieldType == typeof(string)
        let sql = (string)field.GetRawConstantValue()!
        where sql.StartsWith(Mark, StringComparison.Ordinal)
        select (sql.Split('\n')[0][Mark.Length..].Trim(), $"{type.FullName}.{field.Name}", sql);
}
