using System.Collections.Concurrent;
using System.Text.Json;
using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Providers.Files;

/// <summary>
/// The workload <c>provider-file</c>: one item is 64 KiB of an NPPES file, so that progress is by bytes. A merge reads the lines of some hundred items into a temporary table by
/// COPY and writes what they say with a few statements; where it ended is stored with it, so a line counts once whatever crashes.
/// </summary>
public sealed class ProviderFileLoad(ProviderFileOptions options, TimeProvider time) : IMergeWorkload, IAsyncDisposable
{
    public const string WorkloadName = "provider-file";

    private const int BlockBytes = 256 * 1024;
    private const string Staging = "provider_staging";
    private const string Staged = "staged_providers";

    private readonly ConcurrentDictionary<Guid, FileReading> _readings = new();

    public string Name => WorkloadName;

    /// <summary>32 MB of the file, some 30,000 lines: a transaction of half a second.</summary>
    public int ChunksPerMerge => 1;

    public Task<SpecCheck> CheckAsync(JsonElement spec, CancellationToken cancellationToken) =>
        Task.FromResult<SpecCheck>(new SpecRejected("A load of providers starts with its file: send it, or its path, to POST /api/providers/file."));

    public Task<JobForecast> ForecastAsync(SpecAccepted spec, JobMode mode, int concurrency, CancellationToken cancellationToken) =>
        throw new NotSupportedException("No spec of a file is accepted, so there is none to forecast.");

    /// <summary>Nothing: where a merge begins to read is known when the one before it is committed.</summary>
    public Task WriteAheadAsync(NpgsqlConnection connection, MergeTicket job, MergeRange range, CancellationToken cancellationToken) => Task.CompletedTask;

    private const string StateSql = """
        -- name: ReadProviderFileState
        SELECT f.next_offset, f.next_line, j.spec::text FROM provider_files f JOIN jobs j ON j.id = f.job_id WHERE f.job_id = $1
        """;

    public async Task<MergeOutcome> MergeAsync(NpgsqlConnection connection, MergeTicket job, MergeRange range, CancellationToken cancellationToken)
    {
        var (offset, line, spec) = (await connection.Sql(StateSql).With(job.Id)
            .FirstAsync(row => Tuple.Create(row.GetInt64(0), row.GetInt64(1), ProviderFileSpec.Read(row.GetString(2))), cancellationToken))!;
        var reading = await TakeAsync(job.Id, spec, offset, line, cancellationToken);
        try
        {
            var end = Math.Min((range.First + range.Items) * ProviderFileSpec.BytesPerItem, spec.Bytes);
            var counts = await StageAsync(connection, reading, end, cancellationToken);
            if (counts.Staged > 0)
            {
                counts = await WriteAsync(connection, job.Id, reading, counts, cancellationToken);
            }

            await AdvanceAsync(connection, job.Id, reading.Lines, counts, cancellationToken);
            reading.UsedAt = time.GetTimestamp();
            _readings[job.Id] = reading;
            var letters = new char[range.Items];
            Array.Fill(letters, OutcomeLetter.Succeeded);
            return new MergeOutcome(letters, [], "");
        }
        catch
        {
            await reading.DisposeAsync();
            throw;
        }
    }

    public async Task ForgetAsync(Guid jobId, CancellationToken cancellationToken)
    {
        await CloseAsync(jobId);
        File.Delete(ProviderFileIntake.UploadOf(options, jobId));
    }

    /// <summary>Closes the files that no merge has used for so long: of jobs that are paused, or went on elsewhere.</summary>
    internal async Task CloseIdleAsync(TimeSpan idle)
    {
        foreach (var (id, reading) in _readings)
        {
            if (time.GetElapsedTime(reading.UsedAt) > idle)
            {
                await CloseAsync(id);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var id in _readings.Keys)
        {
            await CloseAsync(id);
        }
    }

    private async Task CloseAsync(Guid id)
    {
        if (_readings.TryRemove(id, out var reading))
        {
            await reading.DisposeAsync();
        }
    }

    /// <summary>The file where the stored state says that reading goes on: still open, if the last merge is the one that the state is from.</summary>
    private async Task<FileReading> TakeAsync(Guid id, ProviderFileSpec spec, long offset, long line, CancellationToken cancellationToken)
    {
        if (_readings.TryRemove(id, out var open))
        {
            if (open.Lines.Offset == offset)
            {
                return open;
            }

            await open.DisposeAsync(); // the merge that it is from was rolled back
        }

        var full = ProviderFileIntake.UploadOf(options, id);
        if (spec.Path is not null)
        {
            (var found, var problem) = FileFolder.Find(options.Folder, spec.Path);
            full = found ?? throw new MergeStoppedException($"'{spec.Name}': {problem} Resume the job when the file is back.");
        }

        return await FileReading.OpenAsync(full, spec, offset, line, cancellationToken);
    }

    /// <summary>Reads the lines that begin before <paramref name="end"/> into a temporary table.</summary>
    private static async Task<FileCounts> StageAsync(NpgsqlConnection connection, FileReading reading, long end, CancellationToken cancellationToken)
    {
        await connection.Sql($"CREATE TEMPORARY TABLE {Staged} (LIKE {Staging}) ON COMMIT DROP").RunAsync(cancellationToken);
        var copy = await connection.BeginRawBinaryCopyAsync(For(StagedLines.CopySql), cancellationToken);
        try
        {
            var counts = await CopyAsync(copy, reading, end, cancellationToken);
            await copy.DisposeAsync();
            return counts;
        }
        catch (Exception error)
        {
            await CancelAsync(copy);
            throw FileReading.Stopped(reading.Spec, error) is { } stopped && !FromDatabase(error) ? stopped : error;
        }
    }

    private static async Task<FileCounts> CopyAsync(NpgsqlRawCopyStream copy, FileReading reading, long end, CancellationToken cancellationToken)
    {
        var (rows, facts, npis, counts) = (new StagedLines(), new LineFacts(), new HashSet<long>(), default(FileCounts));
        var lines = reading.Lines;
        while (lines.Offset < end)
        {
            if (!await lines.ReadAsync(cancellationToken))
            {
                if (lines.Offset == reading.Spec.Bytes)
                {
                    break; // nothing but empty lines was left
                }

                throw new InvalidDataException($"It ends at byte {lines.Offset:N0}; {reading.Spec.Bytes:N0} were announced.");
            }

            counts.Lines++;
            Take(reading, facts, rows, npis, ref counts);
            if (rows.Length >= BlockBytes)
            {
                await SendAsync();
            }
        }

        if (end == reading.Spec.Bytes && await lines.ReadAsync(cancellationToken)) // and what unpacks it looks at its checksum
        {
            throw new InvalidDataException($"It goes on behind the {reading.Spec.Bytes:N0} bytes that were announced.");
        }

        rows.End();
        await SendAsync();
        return counts;

        async Task SendAsync()
        {
            try
            {
                await copy.WriteAsync(rows.Written, cancellationToken);
            }
            catch (Exception error) when (error is IOException)
            {
                throw new NpgsqlException("The connection broke while lines were sent.", error); // else it would pass for a fault of the file
            }

            rows.Clear();
        }
    }

    private static void Take(FileReading reading, LineFacts facts, StagedLines rows, HashSet<long> npis, ref FileCounts counts)
    {
        var lines = reading.Lines;
        if ((lines.Problem ?? (reading.Kind == FileKind.Providers ? facts.Read(lines) : facts.ReadMark(lines))) is { } problem)
        {
            rows.AddRejected(lines.Line, lines.Problem is null ? LineFacts.Shown(lines[NppesColumns.Npi]) : "", problem);
            counts.Rejected++;
        }
        else if (facts.IsMark || reading.Choice.Takes(facts))
        {
            rows.Add(lines.Line, facts);
            counts.Marks += facts.IsMark ? 1 : 0;
            counts.Valid++;
            counts.Repeats |= !npis.Add(facts.Npi);
        }
        else
        {
            counts.LeftOut++;
        }
    }

    private const string RepeatsSql = """
        -- name: SetRepeatedLinesAside
        UPDATE provider_staging s SET problem = 'The same NPI comes again in line ' || l.last || ', which counts.', name = s.npi::text
        FROM (SELECT npi, max(line) AS last FROM provider_staging WHERE problem IS NULL GROUP BY npi HAVING count(*) > 1) l
        WHERE s.npi = l.npi AND s.problem IS NULL AND s.line < l.last
        """;

    private const string RejectedSql = """
        -- name: StoreRejectedLines
        INSERT INTO provider_file_rejections (job_id, line, npi, reason)
        SELECT $1, line, coalesce(name, ''), problem FROM provider_staging WHERE problem IS NOT NULL
        """;

    // As the API's records are written: what is the same is left out before anything is locked, the rest is locked in the order of NPIs.
    private const string ProvidersSql = $"""
        -- name: MergeProviderLines
        WITH news AS (
            SELECT s.* FROM provider_staging s LEFT JOIN providers p ON p.npi = s.npi
            WHERE s.problem IS NULL AND NOT s.mark AND (p.npi IS NULL OR p.content_hash IS DISTINCT FROM s.content_hash)
        ), written AS (
            INSERT INTO providers AS p ({ProviderSql.Facts}, taxonomy, taxonomies, enumerated_on, last_updated_on, certified_on, deactivated_on, reactivated_on, status,
                content_hash, source, created_at, updated_at)
            SELECT {ProviderSql.Facts}, taxonomy, taxonomies, enumerated_on, last_updated_on, certified_on, deactivated_on, reactivated_on, status,
                content_hash, $1, $2, $2
            FROM news ORDER BY npi
            {ProviderSql.OrUpdate}
        )
        SELECT count(*) FILTER (WHERE created), count(*) FILTER (WHERE NOT created AND changed) FROM written
        """;

    // Whoever asks for some specialties or states wants no NPIs of which nothing else is known.
    private const string MarksSql = $"""
        -- name: MergeProviderMarks
        WITH news AS (
            SELECT s.npi, s.deactivated_on FROM provider_staging s LEFT JOIN providers p ON p.npi = s.npi
            WHERE s.problem IS NULL AND s.mark AND CASE WHEN p.npi IS NULL THEN $3 ELSE p.status <> 'deactivated' OR p.deactivated_on IS DISTINCT FROM s.deactivated_on END
        ), unknown AS (
            SELECT count(*) AS npis FROM provider_staging s LEFT JOIN providers p ON p.npi = s.npi WHERE s.problem IS NULL AND s.mark AND p.npi IS NULL AND NOT $3
        ), written AS (
            {ProviderSql.Mark}
        )
        SELECT (SELECT count(*) FROM written), (SELECT npis FROM unknown)
        """;

    private async Task<FileCounts> WriteAsync(NpgsqlConnection connection, Guid id, FileReading reading, FileCounts counts, CancellationToken cancellationToken)
    {
        // Providers are looked up one by one in the order of the file: read as a whole, millions of them would be read again for each merge.
        await connection.Sql("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL work_mem = '64MB'").RunAsync(cancellationToken);
        if (counts.Repeats)
        {
            counts.Valid -= await connection.Sql(For(RepeatsSql)).RunAsync(cancellationToken);
        }

        if (counts.Repeats || counts.Rejected > 0)
        {
            counts.Rejected = await connection.Sql(For(RejectedSql)).With(id).RunAsync(cancellationToken);
        }

        var moment = time.GetUtcNow();
        moment = new DateTimeOffset(moment.Ticks - (moment.Ticks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero); // as precise as the database: the statement compares it
        var full = (await connection.Sql(For(ProvidersSql)).With(reading.Spec.Name).With(moment).FirstAsync(row => Tuple.Create(row.GetInt64(0), row.GetInt64(1)), cancellationToken))!;
        var marked = counts.Marks == 0 ? Tuple.Create(0L, 0L) : (await connection.Sql(For(MarksSql)).With(reading.Spec.Name).With(moment).With(reading.Choice.IsAll)
            .FirstAsync(row => Tuple.Create(row.GetInt64(0), row.GetInt64(1)), cancellationToken))!;
        (counts.Created, counts.Updated, counts.Deactivated) = (full.Item1, full.Item2, marked.Item1);
        counts.LeftOut += marked.Item2;
        counts.Unchanged = counts.Valid - full.Item1 - full.Item2 - marked.Item1 - marked.Item2;
        return counts;
    }

    private const string AdvanceSql = """
        -- name: AdvanceProviderFile
        UPDATE provider_files SET next_offset = $2, next_line = $3, lines = lines + $4, created = created + $5, updated = updated + $6, unchanged = unchanged + $7,
            deactivated = deactivated + $8, left_out = left_out + $9, rejected = rejected + $10
        WHERE job_id = $1
        """;

    private static Task<int> AdvanceAsync(NpgsqlConnection connection, Guid id, FileLines lines, FileCounts counts, CancellationToken cancellationToken) =>
        connection.Sql(AdvanceSql).With(id).With(lines.Offset).With(lines.NextLine).With(counts.Lines).With(counts.Created).With(counts.Updated).With(counts.Unchanged)
            .With(counts.Deactivated).With(counts.LeftOut).With(counts.Rejected).RunAsync(cancellationToken);

    private static string For(string sql) => sql.Replace(Staging, Staged, StringComparison.Ordinal);

    private static bool FromDatabase(Exception error) => error is NpgsqlException;

    private static async Task CancelAsync(NpgsqlRawCopyStream copy)
    {
        try
        {
            await copy.CancelAsync();
            await copy.DisposeAsync();
        }
        catch (Exception error) when (error is NpgsqlException or IOException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // the COPY had ended or its connection is broken: the transaction ends either way
        }
    }

    /// <summary>What one merge read, and what it came to.</summary>
    private record struct FileCounts
    {
        public long Lines;
        public long Valid;
        public long Marks;
        public long LeftOut;
        public long Rejected;
        public long Created;
        public long Updated;
        public long Unchanged;
        public long Deactivated;
        public bool Repeats;

        public readonly long Staged => Valid + Rejected;
    }
}
