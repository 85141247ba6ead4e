using OrleansBulk.Storage;

namespace OrleansBulk.Hooks.Models;

/// <summary>The table <c>chat_answers</c>: answers that may be given again to the same request.</summary>
public sealed class AnswerStore(Database database)
{
    private const string FindSql = """
        -- name: FindChatAnswer
        SELECT answer, tokens_in, tokens_out FROM chat_answers WHERE fingerprint = $1 AND kept_at > now() - $2::interval
        """;

    /// <summary>The answer to a request, when it is not older than that.</summary>
    public async Task<ChatAnswer?> FindAsync(byte[] fingerprint, TimeSpan notOlderThan, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(FindSql).With(fingerprint).With(notOlderThan)
            .FirstAsync(row => new ChatAnswer(row.GetString(0), new ChatUsage(row.GetInt32(1), row.GetInt32(2)), ChatEnd.Whole) { Cached = true }, cancellationToken);
    }

    private const string KeepSql = """
        -- name: KeepChatAnswer
        WITH old AS (DELETE FROM chat_answers WHERE fingerprint IN (SELECT fingerprint FROM chat_answers WHERE kept_at < now() - interval '1 day' LIMIT 20 FOR UPDATE SKIP LOCKED))
        INSERT INTO chat_answers (fingerprint, answer, tokens_in, tokens_out) VALUES ($1, $2, $3, $4)
        ON CONFLICT (fingerprint) DO UPDATE SET answer = excluded.answer, tokens_in = excluded.tokens_in, tokens_out = excluded.tokens_out, kept_at = now()
        """;

    public async Task KeepAsync(byte[] fingerprint, ChatAnswer answer, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await connection.Sql(KeepSql).With(fingerprint).With(answer.Text.Replace("\0", "", StringComparison.Ordinal)).With(answer.Usage.Input).With(answer.Usage.Output).RunAsync(cancellationToken);
    }
}
