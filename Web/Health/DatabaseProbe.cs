using OrleansBulk.Storage;

namespace OrleansBulk.Web.Health;

/// <summary>Ready when the database answers at all.</summary>
internal sealed class DatabaseProbe(Database database) : IReadinessProbe
{
    private const string ProbeDatabaseSql = """
        -- name: ProbeDatabase
        SELECT 1
        """;

    public string Name => "database";

    public async Task<string?> CheckAsync(CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(ProbeDatabaseSql);
        await command.ExecuteScalarAsync(cancellationToken);
        return null;
    }
}
