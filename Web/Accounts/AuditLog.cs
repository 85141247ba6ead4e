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

    /// <param name="actor">From <see cref="Actor.ActorName"/>.</param>
    /// <param name="action">Noun and verb: <c>job.cancel</c>, <c>session.start</c>.</param>
    /// <param name="subject">What it was done to: an id or a name; null when the action says all.</param>
    /// <param name="detail">Anything that serialises to JSON; null for nothing.</param>
    public async Task WriteAsync(string actor, string action, string? subject, object? detail, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var command = database.Interactive.CreateCommand(WriteAuditSql);
        command.Parameters.AddWithValue(Guid.CreateVersion7(now));
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(actor);
        command.Parameters.AddWithValue(action);
        command.Parameters.AddWithValue(NpgsqlDbType.Text, (object?)subject ?? DBNull.Value);
        command.Parameters.AddWithValue(NpgsqlDbType.Json, detail is null ? DBNull.Value : JsonSerializer.Serialize(detail, JsonSerializerOptions.Web));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
