using Npgsql;

namespace OrleansBulk.Jobs;

/// <summary>The rows that a commit writes about its items, whether they were run one by one or merged.</summary>
/// <param name="ChunkNos">In ascending order: two commits never lock chunk rows crosswise.</param>
/// <param name="Outcomes">The letters of each of these chunks.</param>
/// <param name="Skips">How many items were skipped, by reason.</param>
internal sealed record CommitRows(int[] ChunkNos, string[] Outcomes, FailureRow[] Failures, IReadOnlyDictionary<string, long> Skips)
{
    public void AddTo(NpgsqlBatch batch, Guid jobId, string outcomesSql, string failuresSql, string causesSql, string skipsSql)
    {
        Add(batch, outcomesSql, jobId, ChunkNos, Outcomes);
        if (Failures.Length > 0)
        {
            Add(batch, failuresSql, jobId,
                Array.ConvertAll(Failures, failure => failure.Ordinal),
                Array.ConvertAll(Failures, failure => failure.Key),
                Array.ConvertAll(Failures, failure => failure.Cause),
                Array.ConvertAll(Failures, failure => failure.Message),
                Array.ConvertAll(Failures, failure => failure.Attempts),
                Array.ConvertAll(Failures, failure => failure.At),
                Array.ConvertAll(Failures, failure => failure.ChunkNo));
            var causes = Failures.GroupBy(failure => failure.Cause, StringComparer.Ordinal).OrderBy(cause => cause.Key, StringComparer.Ordinal).ToArray();
            Add(batch, causesSql, jobId,
                Array.ConvertAll(causes, cause => cause.Key),
                Array.ConvertAll(causes, cause => cause.LongCount()),
                Array.ConvertAll(causes, cause => cause.First().Message));
        }

        if (Skips.Count > 0)
        {
            var reasons = Skips.OrderBy(reason => reason.Key, StringComparer.Ordinal).ToArray();
            Add(batch, skipsSql, jobId, Array.ConvertAll(reasons, reason => reason.Key), Array.ConvertAll(reasons, reason => reason.Value));
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

internal readonly record struct FailureRow(long Ordinal, string Key, string Cause, string Message, int Attempts, DateTimeOffset At, int ChunkNo);
