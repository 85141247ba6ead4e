using OrleansBulk.Storage;

namespace OrleansBulk.Web.Accounts;

/// <summary>The table <c>ended_sessions</c>: what a cookie says cannot be taken back, so what is taken back stands here.</summary>
public sealed class EndedSessions(Database database, TimeProvider time)
{
    private const string EndSessionSql = """
        -- name: EndSession
        WITH forgotten AS (DELETE FROM ended_sessions WHERE until < $3)
        INSERT INTO ended_sessions (id, until) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING
        """;

    /// <param name="until">When it would have ended by itself; from then on nothing needs to be remembered.</param>
    public async Task AddAsync(Guid id, DateTimeOffset until)
    {
        await using var command = database.Interactive.CreateCommand(EndSessionSql);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(until);
        command.Parameters.AddWithValue(time.GetUtcNow());
        await command.ExecuteNonQueryAsync(CancellationToken.None); // who signs out and goes away has signed out
    }

    private const string IsSessionEndedSql = """
        -- name: IsSessionEnded
        SELECT EXISTS (SELECT FROM ended_sessions WHERE id = $1)
        """;

    public async Task<bool> HasAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(IsSessionEndedSql);
        command.Parameters.AddWithValue(id);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
