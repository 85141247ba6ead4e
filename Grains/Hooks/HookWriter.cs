using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.Hooks;

/// <summary>Writes what a commit has of a run, a statement for each kind. All of it may be written again: a retried item replaces what it said before.</summary>
internal static class HookWriter
{
    public static async Task WriteAsync(NpgsqlConnection connection, Guid jobId, IReadOnlyList<HookWrite> writes, CancellationToken cancellationToken)
    {
        await StartAsync(connection, jobId, Last<GenerationStarted, string>(writes, write => write.Model), cancellationToken);
        await WriteHooksAsync(connection, jobId, Last<HookWritten, (string, int)>(writes, write => (write.Model, write.No)), cancellationToken);
        await EndAsync(connection, jobId, Last<GenerationEnded, string>(writes, write => write.Model), cancellationToken);
        await JudgeAsync(connection, jobId, Last<EvaluationEnded, (string, int, string)>(writes, write => (write.Model, write.No, write.Judge)), cancellationToken);
    }

    private const string StartSql = """
        -- name: StartHookGenerations
        INSERT INTO hook_generations (job_id, model, state, prompt, started_at)
        SELECT $1, u.model, 'writing', u.prompt, u.at FROM unnest($2::text[], $3::text[], $4::timestamptz[]) AS u(model, prompt, at)
        ON CONFLICT (job_id, model) DO UPDATE SET state = 'writing', prompt = excluded.prompt, error = NULL, ended_at = NULL
        """;

    private static async Task StartAsync(NpgsqlConnection connection, Guid jobId, GenerationStarted[] started, CancellationToken cancellationToken)
    {
        if (started.Length > 0)
        {
            await connection.Sql(StartSql).With(jobId).With(Array.ConvertAll(started, write => write.Model)).With(Array.ConvertAll(started, write => write.Prompt))
                .With(Array.ConvertAll(started, write => write.At)).RunAsync(cancellationToken);
        }
    }

    private const string HooksSql = """
        -- name: WriteHooks
        INSERT INTO hooks (job_id, model, no, text, prompt, written_at)
        SELECT $1, u.* FROM unnest($2::text[], $3::integer[], $4::text[], $5::text[], $6::timestamptz[]) AS u
        """;

    private static async Task WriteHooksAsync(NpgsqlConnection connection, Guid jobId, HookWritten[] hooks, CancellationToken cancellationToken)
    {
        if (hooks.Length > 0)
        {
            await connection.Sql(HooksSql).With(jobId).With(Array.ConvertAll(hooks, hook => hook.Model)).With(Array.ConvertAll(hooks, hook => hook.No)).With(Array.ConvertAll(hooks, hook => hook.Text))
                .With(Array.ConvertAll(hooks, hook => hook.Prompt)).With(Array.ConvertAll(hooks, hook => hook.At)).RunAsync(cancellationToken);
        }
    }

    private const string EndSql = """
        -- name: EndHookGenerations
        INSERT INTO hook_generations AS g (job_id, model, state, prompt, cached, asks, tokens_in, tokens_out, cost, first_hook_ms, took_ms, error, started_at, ended_at)
        SELECT $1, u.model, CASE WHEN u.error IS NULL THEN 'finished' ELSE 'failed' END, u.prompt, u.cached, u.asks, u.tokens_in, u.tokens_out, u.cost, u.first_hook_ms, u.took_ms, u.error, u.at, u.at
        FROM unnest($2::text[], $3::text[], $4::boolean[], $5::integer[], $6::bigint[], $7::bigint[], $8::numeric[], $9::integer[], $10::integer[], $11::text[], $12::timestamptz[])
            AS u(model, prompt, cached, asks, tokens_in, tokens_out, cost, first_hook_ms, took_ms, error, at)
        ON CONFLICT (job_id, model) DO UPDATE SET state = excluded.state, cached = excluded.cached, asks = g.asks + excluded.asks, tokens_in = g.tokens_in + excluded.tokens_in,
            tokens_out = g.tokens_out + excluded.tokens_out, cost = g.cost + excluded.cost, first_hook_ms = coalesce(g.first_hook_ms, excluded.first_hook_ms), took_ms = excluded.took_ms,
            error = excluded.error, ended_at = excluded.ended_at
        """;

    private static async Task EndAsync(NpgsqlConnection connection, Guid jobId, GenerationEnded[] ended, CancellationToken cancellationToken)
    {
        if (ended.Length > 0)
        {
            await connection.Sql(EndSql).With(jobId).With(Array.ConvertAll(ended, write => write.Model)).With(Array.ConvertAll(ended, write => write.Prompt))
                .With(Array.ConvertAll(ended, write => write.Spending.Cached)).With(Array.ConvertAll(ended, write => write.Spending.Asks))
                .With(Array.ConvertAll(ended, write => (long)write.Spending.Usage.Input)).With(Array.ConvertAll(ended, write => (long)write.Spending.Usage.Output))
                .With(Array.ConvertAll(ended, write => write.Spending.Cost))
                .WithTyped(NpgsqlDbType.Array | NpgsqlDbType.Integer, Array.ConvertAll(ended, write => Milliseconds(write.FirstHook))).With(Array.ConvertAll(ended, write => (int)write.Took.TotalMilliseconds))
                .WithTyped(NpgsqlDbType.Array | NpgsqlDbType.Text, Array.ConvertAll(ended, write => write.Error)).With(Array.ConvertAll(ended, write => write.At)).RunAsync(cancellationToken);
        }
    }

    private const string JudgeSql = """
        -- name: WriteHookEvaluations
        INSERT INTO hook_evaluations AS e (job_id, model, no, judge, score, attention, clarity, relevance, originality, audience_fit, reason, error, prompt, repaired, cached, asks, tokens_in, tokens_out, cost, took_ms, judged_at)
        SELECT $1, u.* FROM unnest($2::text[], $3::integer[], $4::text[], $5::integer[], $6::integer[], $7::integer[], $8::integer[], $9::integer[], $10::integer[], $11::text[], $12::text[],
            $13::text[], $14::boolean[], $15::boolean[], $16::integer[], $17::bigint[], $18::bigint[], $19::numeric[], $20::integer[], $21::timestamptz[]) AS u
        ON CONFLICT (job_id, model, no, judge) DO UPDATE SET score = excluded.score, attention = excluded.attention, clarity = excluded.clarity, relevance = excluded.relevance,
            originality = excluded.originality, audience_fit = excluded.audience_fit, reason = excluded.reason, error = excluded.error, prompt = excluded.prompt, repaired = excluded.repaired,
            cached = excluded.cached, asks = e.asks + excluded.asks, tokens_in = e.tokens_in + excluded.tokens_in, tokens_out = e.tokens_out + excluded.tokens_out, cost = e.cost + excluded.cost,
            took_ms = excluded.took_ms, judged_at = excluded.judged_at
        """;

    private static async Task JudgeAsync(NpgsqlConnection connection, Guid jobId, EvaluationEnded[] ended, CancellationToken cancellationToken)
    {
        if (ended.Length == 0)
        {
            return;
        }

        await connection.Sql(JudgeSql).With(jobId).With(Array.ConvertAll(ended, write => write.Model)).With(Array.ConvertAll(ended, write => write.No)).With(Array.ConvertAll(ended, write => write.Judge))
            .WithTyped(Integers, Marks(verdict => verdict.Score)).WithTyped(Integers, Marks(verdict => verdict.Attention)).WithTyped(Integers, Marks(verdict => verdict.Clarity))
            .WithTyped(Integers, Marks(verdict => verdict.Relevance)).WithTyped(Integers, Marks(verdict => verdict.Originality)).WithTyped(Integers, Marks(verdict => verdict.AudienceFit))
            .WithTyped(NpgsqlDbType.Array | NpgsqlDbType.Text, Array.ConvertAll(ended, write => write.Verdict?.Reason)).WithTyped(NpgsqlDbType.Array | NpgsqlDbType.Text, Array.ConvertAll(ended, write => write.Error))
            .With(Array.ConvertAll(ended, write => write.Prompt)).With(Array.ConvertAll(ended, write => write.Repaired)).With(Array.ConvertAll(ended, write => write.Spending.Cached))
            .With(Array.ConvertAll(ended, write => write.Spending.Asks)).With(Array.ConvertAll(ended, write => (long)write.Spending.Usage.Input)).With(Array.ConvertAll(ended, write => (long)write.Spending.Usage.Output))
            .With(Array.ConvertAll(ended, write => write.Spending.Cost)).With(Array.ConvertAll(ended, write => (int)write.Took.TotalMilliseconds)).With(Array.ConvertAll(ended, write => write.At))
            .RunAsync(cancellationToken);

        int?[] Marks(Func<Verdict, int> of) => Array.ConvertAll(ended, write => write.Verdict is { } verdict ? of(verdict) : (int?)null);
    }

    private const NpgsqlDbType Integers = NpgsqlDbType.Array | NpgsqlDbType.Integer;

    private static int? Milliseconds(TimeSpan? span) => span is { } took ? (int)took.TotalMilliseconds : null;

    /// <summary>The last write of each thing: one statement cannot touch a row twice.</summary>
    private static TWrite[] Last<TWrite, TKey>(IReadOnlyList<HookWrite> writes, Func<TWrite, TKey> key)
        where TWrite : HookWrite
        where TKey : notnull =>
        [.. writes.OfType<TWrite>().GroupBy(key).Select(same => same.Last())];
}
