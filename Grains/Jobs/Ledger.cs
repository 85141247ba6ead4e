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
        var counted = new Ledger(row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), 0, false);
        counted = counted with { Pending = counted.Submitted - counted.Succeeded - counted.Failed - counted.Skipped - counted.Cancelled };
        var failures = row.GetInt64(6);
        if (row.GetBoolean(7))
        {
            // The chunks were dropped by retention: what was counted until then, in the job's row, is the ledger.
            return counted with { Balanced = counted.Pending == 0 && counted.Failed == failures };
        }

        var ledger = OfLetters(row.GetFieldValue<byte[]>(0));
        return ledger with { Balanced = ledger == counted && ledger.Failed == failures };
    }

    /// <summary>As many submitted as there are letters; one that means nothing is in no other count, so that the ledger does not balance.</summary>
    private static Ledger OfLetters(ReadOnlySpan<byte> letters) => new(
        letters.Length,
        letters.Count((byte)OutcomeLetter.Succeeded),
        letters.Count((byte)OutcomeLetter.Failed),
        letters.Count((byte)OutcomeLetter.Skipped),
        letters.Count((byte)OutcomeLetter.Cancelled),
        letters.Count((byte)OutcomeLetter.Pending),
        false);
}
