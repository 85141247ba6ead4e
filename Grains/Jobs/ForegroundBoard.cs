using Microsoft.Extensions.Logging;
using OrleansBulk.Hosting;
using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

/// <summary>
/// Tells the other processes of a cluster each second that people are at work here and how slow it is for them, and this process's <see cref="ForegroundGuard"/> the same of
/// the others: where pages are answered by one process and jobs run in another, only together do they know.
/// </summary>
public sealed class ForegroundBoard(Database database, ForegroundGuard guard, SiloIdentity self, TimeProvider time, ILogger<ForegroundBoard> log)
    : RecurringService("Hearing what people do in other processes", Every, time, log, LogLevel.Debug)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    protected override Task RoundAsync(CancellationToken cancellationToken) => LookAsync(cancellationToken);

    private const string LookSql = """
        -- name: LookAtForeground
        WITH own AS (
            INSERT INTO foreground (instance, seen_at, share) SELECT $1, now(), $3 WHERE $2
            ON CONFLICT (instance) DO UPDATE SET seen_at = excluded.seen_at, share = excluded.share
        ), gone AS (
            DELETE FROM foreground WHERE seen_at < now() - interval '1 hour' AND instance <> $1
        )
        SELECT count(*) > 0, coalesce(min(share), 1) FROM foreground WHERE instance <> $1 AND seen_at > now() - interval '10 seconds'
        """;

    /// <summary>Tells and hears once. Slow answers are told also when only programs wait for them.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        var (areHere, share) = guard.Own;
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var others = await connection.Sql(LookSql).With(self.Name).With(areHere || share < 1).With(share)
            .FirstAsync(row => new Others(row.GetBoolean(0), row.GetDouble(1)), cancellationToken);
        if (others is { AreThere: true })
        {
            guard.Heard(others.Share);
        }
    }

    private sealed record Others(bool AreThere, double Share);
}
