using Npgsql;
using OrleansBulk.Hooks.Models;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Hooks;

/// <summary><see cref="HookGeneration"/> at work on one job.</summary>
internal sealed class HookGenerationRun : IWorkloadRun
{
    private readonly JobTicket _job;
    private readonly HookSpec _spec;
    private readonly ModelClients _clients;
    private readonly Database _database;
    private readonly HookWork _work;
    private bool _opened; // written while preparing, of which there is one at a time

    public HookGenerationRun(JobTicket job, HookSpec spec, HookModels models, ModelClients clients, ChatDesk desk, RunPurse purse, Database database, TimeProvider time)
    {
        (_job, _spec, _clients, _database) = (job, spec, clients, database);
        _work = new HookWork(job, spec, models, desk, purse, new HookTally(spec), time);
    }

    /// <summary>A lane is a model with its limits, whether it writes or judges.</summary>
    public string LaneOf(Item item) => item.Prepared is HookPlace place ? place.Target.Asks : HookItem.Read(item).Asks;

    public LaneRoom RoomOf(string lane)
    {
        if (_work.Models.Find(lane) is null)
        {
            return new LaneRoom(1, 1, null, null); // its items will say that the model is gone
        }

        var (calls, boundBy, perSecond) = _clients.Room(lane);
        return new LaneRoom(1, calls, boundBy, perSecond);
    }

    private const string TextsSql = """
        -- name: ReadHookTexts
        SELECT model, no, text FROM hooks WHERE job_id = $1 ORDER BY model, no
        """;

    private const string EndedSql = """
        -- name: ReadEndedGenerations
        SELECT model, state = 'failed' FROM hook_generations WHERE job_id = $1 AND state <> 'writing'
        """;

    private const string EvaluatedSql = """
        -- name: ReadEvaluated
        SELECT model, no, judge, score IS NOT NULL FROM hook_evaluations WHERE job_id = $1
        """;

    /// <summary>Looks up what is written and judged already: nobody is asked for that again.</summary>
    public async Task<IReadOnlyList<ItemOutcome?>> PrepareAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        if (!_opened)
        {
            await _work.Purse.OpenAsync(cancellationToken);
        }

        await using var connection = await _database.Bulk.OpenConnectionAsync(cancellationToken);
        var texts = await connection.Sql(TextsSql).With(_job.Id).ListAsync(row => (Model: row.GetString(0), No: row.GetInt32(1), Text: row.GetString(2)), cancellationToken);
        var byModel = texts.ToLookup(hook => hook.Model, hook => hook.Text);
        if (!_opened)
        {
            await CountAsync(connection, byModel, cancellationToken);
            _opened = true;
        }

        foreach (var item in chunk.Items)
        {
            var target = HookItem.Read(item);
            item.Prepared = target.IsGeneration
                ? new HookPlace(target, Known(target.Model) ? new HookWriting(_work, target.Model, [.. byModel[target.Model]]) : null, null)
                : new HookPlace(target, null, Known(target.Judge!) ? new HookJudging(_work, target, texts.Single(hook => hook.Model == target.Model && hook.No == target.No).Text) : null);
        }

        return new ItemOutcome?[chunk.Items.Count];

        bool Known(string model) => _work.Models.Find(model) is not null;
    }

    public Task<ItemOutcome> RunAsync(Item item, CancellationToken cancellationToken)
    {
        var place = (HookPlace)item.Prepared!;
        return place.Writing?.RunAsync(item, cancellationToken) ?? place.Judging?.RunAsync(item, cancellationToken)
            ?? Task.FromResult<ItemOutcome>(new ItemFailed($"{place.Target.Asks}: not configured", $"The model {place.Target.Asks} is no longer in the configuration.", 0));
    }

    public async Task WriteAsync(NpgsqlConnection connection, IReadOnlyList<ItemResult> results, CancellationToken cancellationToken)
    {
        await HookWriter.WriteAsync(connection, _job.Id, [.. results.Select(Write).OfType<HookWrite>()], cancellationToken);
        await _work.Purse.SettleAsync(connection, cancellationToken);
    }

    private static HookWrite? Write(ItemResult result) => result.Outcome switch
    {
        ItemSucceeded succeeded => succeeded.Result as HookWrite,
        ItemFailed failed => failed.Result as HookWrite,
        ItemAdvanced advanced => advanced.Result as HookWrite,
        _ => null,
    };

    /// <summary>Takes over what an earlier epoch had come to.</summary>
    private async Task CountAsync(NpgsqlConnection connection, ILookup<string, string> texts, CancellationToken cancellationToken)
    {
        foreach (var model in _spec.Models.Where(texts.Contains))
        {
            _work.Tally.Written(model, texts[model].Count());
        }

        foreach (var (model, failed) in await connection.Sql(EndedSql).With(_job.Id).ListAsync(row => (row.GetString(0), row.GetBoolean(1)), cancellationToken))
        {
            _work.Tally.Ended(model, texts[model].Count(), failed);
        }

        foreach (var (model, no, judge, scored) in await connection.Sql(EvaluatedSql).With(_job.Id).ListAsync(row => (row.GetString(0), row.GetInt32(1), row.GetString(2), row.GetBoolean(3)), cancellationToken))
        {
            _work.Tally.Evaluated(model, no, judge, scored);
        }
    }

    /// <summary>What an item is about, and what does it; nothing does when its model is no longer configured.</summary>
    private sealed record HookPlace(HookItem Target, HookWriting? Writing, HookJudging? Judging);
}
