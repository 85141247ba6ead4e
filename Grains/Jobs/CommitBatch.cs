using Npgsql;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Jobs;

/// <summary>What one commit writes: put together once, by the committer, and written as often as the connection needs it.</summary>
internal sealed class CommitBatch
{
    private readonly int[] _chunkNos;
    private readonly string[] _outcomes;
    private readonly ItemResult[] _failures;

    private CommitBatch(IReadOnlyList<ItemResult> results, CallCost unbooked)
    {
        Results = results;
        var cost = unbooked;
        var spawned = new List<PlannedItem>();
        var chunks = new SortedDictionary<int, Chunk>(); // in the order of their numbers: two commits never lock chunk rows crosswise
        var failures = new List<ItemResult>();
        foreach (var result in results)
        {
            cost += result.Outcome.Cost;
            var chunk = result.Item.Chunk;
            chunks.TryAdd(chunk.No, chunk);
            chunk.Settle(result.Item.Index, Letter(result.Outcome));
            switch (result.Outcome)
            {
                case ItemSucceeded succeeded:
                    Succeeded++;
                    if (succeeded.Spawned is { } further)
                    {
                        spawned.AddRange(further);
                    }

                    break;
                case ItemFailed:
                    Failed++;
                    failures.Add(result);
                    break;
                case ItemSkipped:
                    Skipped++;
                    break;
            }
        }

        Cost = cost;
        Spawned = spawned;
        _failures = [.. failures];
        _chunkNos = [.. chunks.Keys];
        _outcomes = [.. chunks.Values.Select(chunk => chunk.Outcomes)];
    }

    public IReadOnlyList<ItemResult> Results { get; }

    public IReadOnlyList<PlannedItem> Spawned { get; }

    /// <summary>Costs of these results, and of asks that were deferred since the last commit.</summary>
    public CallCost Cost { get; }

    public long Succeeded { get; private init; }

    public long Failed { get; private init; }

    public long Skipped { get; private init; }

    public static CommitBatch Of(IReadOnlyList<ItemResult> results, CallCost unbooked) => new(results, unbooked);

    private static char Letter(ItemOutcome outcome) => outcome switch
    {
        ItemSucceeded => OutcomeLetter.Succeeded,
        ItemFailed => OutcomeLetter.Failed,
        ItemSkipped => OutcomeLetter.Skipped,
        _ => throw new InvalidOperationException($"{outcome.GetType().Name} is not final: it has no letter."),
    };

    public void AddTo(NpgsqlBatch batch, Guid jobId, string outcomesSql, string failuresSql, string causesSql, string skipsSql)
    {
        Add(batch, outcomesSql, jobId, _chunkNos, _outcomes);
        if (_failures.Length > 0)
        {
            var failed = Array.ConvertAll(_failures, result => (ItemFailed)result.Outcome);
            Add(batch, failuresSql, jobId,
                Array.ConvertAll(_failures, result => result.Item.Ordinal),
                Array.ConvertAll(_failures, result => result.Item.Key),
                Array.ConvertAll(failed, failure => failure.Cause),
                Array.ConvertAll(failed, failure => failure.Message),
                Array.ConvertAll(failed, failure => failure.Attempts),
                Array.ConvertAll(_failures, result => result.At),
                Array.ConvertAll(_failures, result => result.Item.Chunk.No));
            var causes = failed.GroupBy(failure => failure.Cause, StringComparer.Ordinal).OrderBy(cause => cause.Key, StringComparer.Ordinal).ToArray();
            Add(batch, causesSql, jobId,
                Array.ConvertAll(causes, cause => cause.Key),
                Array.ConvertAll(causes, cause => cause.LongCount()),
                Array.ConvertAll(causes, cause => cause.First().Message));
        }

        if (Skipped > 0)
        {
            var reasons = Results.Select(result => result.Outcome).OfType<ItemSkipped>().GroupBy(skipped => skipped.Reason, StringComparer.Ordinal)
                .OrderBy(reason => reason.Key, StringComparer.Ordinal).ToArray();
            Add(batch, skipsSql, jobId, Array.ConvertAll(reasons, reason => reason.Key), Array.ConvertAll(reasons, reason => reason.LongCount()));
        }
    }

    private static void Add(NpgsqlBatch batch, string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        batch.BatchCommands.Add(command);
    }
}
