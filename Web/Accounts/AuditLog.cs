using System.Text.Json;
using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.Web.Accounts;

/// <summary>Who did what, in the table <c>audit</c>. Passwords, keys and other secrets have no place in it.</summary>
public sealed class AuditLog(Database database, TimeProvider time)
{
    private const string WriteAuditSql = """
        -- name: WriteAudit
        INSERT INTO audit (id, at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)
        """;

    /// <summary>Writes down what was done. Nobody can call it off: whoever goes away after an action has done it all the same.</summary>
    /// <param name="actor">From <see cref="Actor.ActorName"/>.</param>
    /// <param name="action">Noun and verb: <c>job.cancel</c>, <c>session.start</c>.</param>
    /// <param name="subject">What it was done to: an id or a name; null when the action says all.</param>
    /// <param name="detail">Anything that serialises to JSON; null for nothing.</param>
    public async Task WriteAsync(string actor, string action, string? subject, object? detail)
    {
        var now = time.GetUtcNow();
        await using var command = database.Interactive.CreateCommand(WriteAuditSql);
        command.Parameters.AddWithValue(Guid.CreateVersion7(now));
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(actor);
        command.Parameters.AddWithValue(action);
        command.Parameters.AddWithValue(NpgsqlDbType.Text, (object?)subject ?? DBNull.Value);
        command.Parameters.AddWithValue(NpgsqlDbType.Json, detail is null ? DBNull.Value : JsonSerializer.Serialize(detail, JsonSerializerOptions.Web));
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    // Three statements, since one with optional filters gets one plan for all of them.
    private const string ListAuditSql = """
        -- name: ListAudit
        SELECT id, at, actor, action, subject, detail FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2
        """;

    private const string ListAuditOfActorSql = """
        -- name: ListAuditOfActor
        SELECT id, at, actor, action, subject, detail FROM audit WHERE id < $1 AND actor = $3 AND ($4::text IS NULL OR action = $4) ORDER BY id DESC LIMIT $2
        """;

    private const string ListAuditOfActionSql = """
        -- name: ListAuditOfAction
        SELECT id, at, actor, action, subject, detail FROM audit WHERE id < $1 AND action = $3 ORDER BY id DESC LIMIT $2
        """;

    /// <summary>What was done, the newest first, before <paramref name="before"/>; null for the first page.</summary>
    /// <param name="actor">By this one only; null: by anybody.</param>
    /// <param name="action">This only; null: anything.</param>
    public async Task<IReadOnlyList<AuditEntry>> ListAsync(string? actor, string? action, Guid? before, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(actor is not null ? ListAuditOfActorSql : action is not null ? ListAuditOfActionSql : ListAuditSql);
        command.Parameters.AddWithValue(before ?? Guid.AllBitsSet);
        command.Parameters.AddWithValue(limit);
        if (actor is not null)
        {
            command.Parameters.AddWithValue(actor);
            command.Parameters.AddWithValue(NpgsqlDbType.Text, (object?)action ?? DBNull.Value);
        }
        else if (action is not null)
        {
            command.Parameters.AddWithValue(action);
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var entries = new List<AuditEntry>();
        while (await reader.ReadAsync(cancellationToken))
        {
            entries.Add(new(
                reader.GetGuid(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetString(2), reader.GetString(3),
                reader.IsDBNull(4) ? null : reader.GetString(4), reader.IsDBNull(5) ? null : reader.GetString(5)));
        }

        return entries;
    }

    // From each action to the next one in the index: a look per action and not per entry.
    private const string ListActionsSql = """
        -- name: ListAuditActions
        WITH RECURSIVE known AS (
            SELECT min(action) AS action FROM audit
            UNION ALL
            SELECT (SELECT min(action) FROM audit WHERE action > known.action) FROM known WHERE known.action IS NOT NULL
        )
        SELECT action FROM known WHERE action IS NOT NULL LIMIT 200
        """;

    /// <summary>Every action that was ever done, by name.</summary>
    public async Task<IReadOnlyList<string>> ListActionsAsync(CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(ListActionsSql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var actions = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            actions.Add(reader.GetString(0));
        }

        return actions;
    }
}
