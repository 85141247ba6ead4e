using Npgsql;

namespace OrleansBulk.Jobs;

/// <summary>
/// What became of a job's items, counted from the letters in its chunk rows. <see cref="Balanced"/> compares them with what was counted on the way
/// (the job's running totals and the rows of failures), so it can be false.
/// </summary>
public sealed record Ledger(long Submitted, long Succeeded, long Failed, long Skipped, long Cancelled, long Pending, bool Balanced)
{
    internal static Ledger Read(NpgsqlDataReader row)
    {
        if (row.GetBoolean(12))
        {
            // The chunks were dropped by retention: what the last count from rows left in the job's row is the ledger.
            var (planned, succeeded, failed, skipped, cancelled) = (row.GetInt64(6), row.GetInt64(7), row.GetInt64(8), row.GetInt64(9), row.GetInt64(10));
            var rest = planned - succeeded - failed - skipped - cancelled;
            return new Ledger(planned, succeeded, failed, skipped, cancelled, rest, rest == 0 && failed == row.GetInt64(11));
        }

        var ledger = new Ledger(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), false);
        return ledger with
        {
            Balanced = ledger.Submitted == ledger.Succeeded + ledger.Failed + ledger.Skipped + ledger.Cancelled + ledger.Pending
                && ledger.Submitted == row.GetInt64(6)
                && ledger.Succeeded == row.GetInt64(7)
                && ledger.Failed == row.GetInt64(8)
                && ledger.Skipped == row.GetInt64(9)
                && ledger.Cancelled == row.GetInt64(10)
                && ledger.Failed == row.GetInt64(11),
        };
    }
}
