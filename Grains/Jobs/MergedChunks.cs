namespace OrleansBulk.Jobs;

/// <summary>What one merge came to, counted, and the rows that say so.</summary>
internal sealed record MergedChunks(long Succeeded, long Failed, long Skipped, CommitRows Rows)
{
    /// <exception cref="InvalidOperationException">Some item has no outcome, or failures and letters do not fit.</exception>
    public static MergedChunks Of(MergeOutcome outcome, IReadOnlyList<MergeChunk> chunks, MergeRange range, DateTimeOffset at)
    {
        var letters = outcome.Letters.AsSpan();
        var (succeeded, failed, skipped) = (letters.Count(OutcomeLetter.Succeeded), letters.Count(OutcomeLetter.Failed), letters.Count(OutcomeLetter.Skipped));
        if (letters.Length != range.Items || succeeded + failed + skipped != range.Items || failed != outcome.Failures.Count)
        {
            throw new InvalidOperationException($"A merge of {range.Items} items from ordinal {range.First} came to {letters.Length} letters: {succeeded} succeeded, {failed} failed ({outcome.Failures.Count} with a cause), {skipped} skipped. Nothing was written.");
        }

        return new MergedChunks(succeeded, failed, skipped, new CommitRows(
            [.. chunks.Select(chunk => chunk.No)],
            [.. chunks.Select(chunk => new string(outcome.Letters, (int)(chunk.First - range.First), chunk.Items))],
            [.. outcome.Failures.Select(failure => new FailureRow(failure.Ordinal, failure.Key, failure.Cause, failure.Message, 1, at, ChunkOf(failure)))],
            skipped > 0 ? new Dictionary<string, long> { [outcome.SkipReason] = skipped } : []));

        int ChunkOf(MergeFailure failure) => chunks[(int)((failure.Ordinal - range.First) / Chunk.MaxItems)].No;
    }
}
