using OrleansBulk.Hosting;
using OrleansBulk.Storage;

namespace OrleansBulk.Providers.Files;

/// <summary>
/// Deletes uploads that nobody will load (of a job that was cancelled, or whose process died just after its end or before its job was stored), and closes files that no merge
/// has used for long. Every silo runs one; what one has done the others find done.
/// </summary>
public sealed class ProviderFileUpkeep(Database database, ProviderFileLoad loads, ProviderFileOptions options, TimeProvider time, ILogger<ProviderFileUpkeep> log)
    : RecurringService("Tidying up uploads of provider files", Every, time, log)
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(5);

    /// <summary>A file this old whose job is not there is none that is just being received.</summary>
    private static readonly TimeSpan Orphaned = TimeSpan.FromDays(1);

    protected override Task RoundAsync(CancellationToken cancellationToken) => RunOnceAsync(cancellationToken);

    private const string WantedSql = """
        -- name: FindWantedUploads
        SELECT id FROM jobs WHERE id = ANY($1) AND status NOT IN ('completed', 'cancelled')
        """;

    private const string KnownSql = """
        -- name: FindKnownUploads
        SELECT id FROM jobs WHERE id = ANY($1)
        """;

    /// <summary>One round; answers how many files were deleted.</summary>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        await loads.CloseIdleAsync(Idle);
        var kept = Directory.Exists(options.UploadFolder)
            ? new DirectoryInfo(options.UploadFolder).EnumerateFiles("*.upload*").Select(file => (File: file, Id: IdOf(file))).Where(file => file.Id is not null).ToList()
            : [];
        if (kept.Count == 0)
        {
            return 0;
        }

        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        var ids = kept.Select(file => file.Id!.Value).ToArray();
        var wanted = (await connection.Sql(WantedSql).With(ids).ListAsync(row => row.GetGuid(0), cancellationToken)).ToHashSet();
        var known = (await connection.Sql(KnownSql).With(ids).ListAsync(row => row.GetGuid(0), cancellationToken)).ToHashSet();
        var old = Time.GetUtcNow() - Orphaned;
        var left = kept.Where(file => !wanted.Contains(file.Id!.Value) && (known.Contains(file.Id.Value) || file.File.LastWriteTimeUtc < old)).ToList();
        left.ForEach(file => file.File.Delete());
        if (left.Count > 0)
        {
            ProviderFileUpkeepLog.Deleted(Log, left.Count);
        }

        return left.Count;
    }

    private static Guid? IdOf(FileInfo file) => Guid.TryParseExact(file.Name.Split('.')[0], "N", out var id) ? id : null;
}

internal static partial class ProviderFileUpkeepLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Deleted {Files} uploads of provider files that nobody will load.")]
    public static partial void Deleted(ILogger log, int files);
}
