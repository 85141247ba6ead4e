using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Hooks.Models;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Hooks;

/// <summary>Reads runs: lists them, and one with its ranking and what each model brought.</summary>
public sealed class HookRunStore(Database database, JobStore jobs)
{
    private const string ListSql = """
        -- name: ListHookRuns
        SELECT j.id, j.spec->>'topic', j.status, j.created_at, j.finished_at, j.created_by, json_array_length(j.spec->'models'),
            (SELECT count(*)::integer FROM hook_generations g WHERE g.job_id = j.id AND g.state = 'finished'), (j.spec->>'hooksPerModel')::integer,
            (SELECT count(*)::integer FROM hooks h WHERE h.job_id = j.id), e.judged, e.best,
            coalesce(e.cost, 0) + coalesce((SELECT sum(g.cost) FROM hook_generations g WHERE g.job_id = j.id), 0)
        FROM (SELECT * FROM jobs WHERE workload = 'hook-generation' AND ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2) j
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE m.score IS NOT NULL)::integer AS judged, max(m.score)::double precision AS best, sum(m.cost) AS cost
            FROM (SELECT avg(score) AS score, sum(cost) AS cost FROM hook_evaluations WHERE job_id = j.id GROUP BY model, no) m) e
        ORDER BY j.id DESC
        """;

    /// <summary>Runs, newest first, a page at a time.</summary>
    /// <param name="after">The last of the page before; null: the first page.</param>
    public async Task<IReadOnlyList<HookRunRow>> ListAsync(Guid? after, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(ListSql).WithTyped(NpgsqlDbType.Uuid, after).With(limit).ListAsync(
            row => new HookRunRow(
                row.GetGuid(0), row.GetString(1), row.GetString(2), row.GetFieldValue<DateTimeOffset>(3), row.Time(4), row.GetString(5), row.GetInt32(6), row.GetInt32(7), row.GetInt32(8), row.GetInt32(9),
                row.GetInt32(10), row.IsDBNull(11) ? null : Math.Round(row.GetDouble(11), 1), row.GetDecimal(12)),
            cancellationToken);
    }

    /// <summary>One run; null when there is none with this id.</summary>
    public async Task<HookRun?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, cancellationToken) is not { Workload: HookGeneration.WorkloadName } job || await jobs.ReadSpecAsync(id, cancellationToken) is not { } stored)
        {
            return null;
        }

        var spec = HookSpec.Parse(stored);
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var hooks = await ReadHooksAsync(connection, id, cancellationToken);
        var models = await ReadModelsAsync(connection, id, hooks, cancellationToken);
        return new HookRun(
            job, spec, RankedHook.Order(hooks), [.. spec.Models.Select(model => Settle(models.GetValueOrDefault(model) ?? Waiting(model, hooks), job.Status))],
            spec.Budget.IsLimited ? (await connection.Sql(SpentSql).With(id).ListAsync(row => new PurseShare(row.GetInt64(0), row.GetDecimal(1)), cancellationToken)).FirstOrDefault() : null);
    }

    private const string SpentSql = """
        -- name: ReadHookBudget
        SELECT spent_tokens, spent_money FROM hook_runs WHERE job_id = $1
        """;

    private const string HooksSql = """
        -- name: ReadHooks
        SELECT h.model, h.no, h.text, h.prompt, h.written_at, e.judge, e.score, e.attention, e.clarity, e.relevance, e.originality, e.audience_fit, e.reason, e.error, e.prompt, e.repaired, e.cached,
            e.tokens_in, e.tokens_out, e.cost, e.took_ms
        FROM hooks h LEFT JOIN hook_evaluations e USING (job_id, model, no)
        WHERE h.job_id = $1 ORDER BY h.model, h.no, e.judge
        """;

    private static async Task<List<RankedHook>> ReadHooksAsync(NpgsqlConnection connection, Guid id, CancellationToken cancellationToken)
    {
        var rows = await connection.Sql(HooksSql).With(id).ListAsync(
            row => (Model: row.GetString(0), No: row.GetInt32(1), Text: row.GetString(2), Prompt: row.GetString(3), At: row.GetFieldValue<DateTimeOffset>(4), Evaluation: row.IsDBNull(5) ? null : Evaluation(row)),
            cancellationToken);
        return [.. rows.GroupBy(row => (row.Model, row.No)).Select(same => same.First() is var hook
            ? RankedHook.Of(hook.Model, hook.No, hook.Text, hook.Prompt, hook.At, [.. same.Select(row => row.Evaluation).OfType<HookEvaluation>()]) : null!)];
    }

    private static HookEvaluation Evaluation(NpgsqlDataReader row) => new(
        row.GetString(5),
        row.IsDBNull(6) ? null : new Verdict(row.GetInt32(6), row.GetInt32(7), row.GetInt32(8), row.GetInt32(9), row.GetInt32(10), row.GetInt32(11), row.GetString(12)),
        row.Text(13), row.GetString(14), row.GetBoolean(15), row.GetBoolean(16), row.GetInt64(17), row.GetInt64(18), row.GetDecimal(19), row.Int(20));

    private const string ModelsSql = """
        -- name: ReadHookGenerations
        SELECT model, state, first_hook_ms, took_ms, tokens_in, tokens_out, cost, cached, error FROM hook_generations WHERE job_id = $1
        """;

    private static async Task<Dictionary<string, ModelResult>> ReadModelsAsync(NpgsqlConnection connection, Guid id, IReadOnlyList<RankedHook> hooks, CancellationToken cancellationToken) =>
        (await connection.Sql(ModelsSql).With(id).ListAsync(
            row => Result(
                new ModelResult(row.GetString(0), row.GetString(1), 0, null, null, row.Int(2), row.Int(3), row.GetInt64(4), row.GetInt64(5), row.GetDecimal(6), 0, row.GetBoolean(7), row.Text(8)), hooks),
            cancellationToken)).ToDictionary(model => model.Model, StringComparer.Ordinal);

    /// <summary>A model that was writing when its job was ended by somebody writes no more.</summary>
    private static ModelResult Settle(ModelResult model, JobStatus status) => status.IsFinal() && (model.State is "writing" or "queued") ? model with { State = "stopped" } : model;

    private static ModelResult Waiting(string model, IReadOnlyList<RankedHook> hooks) => Result(new ModelResult(model, "queued", 0, null, null, null, null, 0, 0, 0, 0, false, null), hooks);

    private static ModelResult Result(ModelResult model, IReadOnlyList<RankedHook> hooks)
    {
        var own = hooks.Where(hook => hook.Model == model.Model).ToList();
        var scores = own.Where(hook => hook.Score is not null).Select(hook => hook.Score!.Value).ToList();
        return model with
        {
            Hooks = own.Count,
            MeanScore = scores.Count == 0 ? null : Math.Round(scores.Average(), 1),
            Spread = scores.Count == 0 ? null : Math.Round(scores.Max() - scores.Min(), 1),
            FailedEvaluations = own.Sum(hook => hook.Evaluations.Count(evaluation => evaluation.Verdict is null)),
        };
    }
}
