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
            if (result.Outcome is ItemAdvanced advanced)
            {
                spawned.AddRange(advanced.Spawned ?? []);
                continue; // its letter comes when it is done
            }

            Finished++;
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

    /// <summary>Results that end their item.</summary>
    public int Finished { get; private init; }

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

    /// <summary>What is written about these items.</summary>
    public CommitRows Rows => new(
        _chunkNos,
        _outcomes,
        Array.ConvertAll(_failures, result =>
        {
            var failed = (ItemFailed)result.Outcome;
            return new FailureRow(result.Item.Ordinal, result.Item.Key, failed.Cause, failed.Message, failed.Attempts, result.At, result.Item.Chunk.No);
        }),
        Results.Select(result => result.Outcome).OfType<ItemSkipped>().GroupBy(skipped => skipped.Reason, StringComparer.Ordinal).ToDictionary(reason => reason.Key, reason => reason.LongCount()));
}
