using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.Providers;

/// <summary>
/// Writes what a sync read, in the transaction of its outcomes: providers, what became of them, how much of each part was read, and the answers for the next minutes.
/// A provider counts once in a sync, with the first page that brought it; so does an NPI with a wrong check digit, which is stored nowhere else.
/// </summary>
internal static class SyncWriter
{
    public const string Source = "api";

    /// <summary>Stands for a specialty where an NPI is none; those of the spec count from 1.</summary>
    private const short Wrong = 0;

    private const NpgsqlDbType Texts = NpgsqlDbType.Array | NpgsqlDbType.Text;
    private const NpgsqlDbType Smalls = NpgsqlDbType.Array | NpgsqlDbType.Smallint;

    private const string FoundSql = """
        -- name: WriteFoundProviders
        WITH news AS (
            INSERT INTO provider_sync_found (job_id, npi, specialty) SELECT $1, i.npi, i.specialty FROM unnest($2::bigint[], $3::smallint[]) AS i(npi, specialty)
            ON CONFLICT DO NOTHING
            RETURNING npi, specialty
        )
        SELECT n.npi, n.specialty, EXISTS (SELECT FROM provider_sync_found f WHERE f.job_id = $1 AND f.npi = n.npi) FROM news n
        """;

    private const string CountsSql = """
        -- name: CountSyncedProviders
        INSERT INTO provider_syncs AS s (job_id, created, updated, unchanged, rejected) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (job_id) DO UPDATE SET created = s.created + excluded.created, updated = s.updated + excluded.updated, unchanged = s.unchanged + excluded.unchanged,
            rejected = s.rejected + excluded.rejected
        """;

    private const string PartsSql = """
        -- name: WriteSyncParts
        INSERT INTO provider_sync_parts AS p (job_id, specialty, part, label, pages_read, ends_at, saturated, split, rows, found, first_read_at)
        SELECT $1, i.* FROM unnest($2::smallint[], $3::text[], $4::text[], $5::integer[], $6::smallint[], $7::boolean[], $8::boolean[], $9::integer[], $10::integer[], $11::timestamptz[])
            AS i(specialty, part, label, pages_read, ends_at, saturated, split, rows, found, first_read_at)
        ON CONFLICT (job_id, specialty, part) DO UPDATE SET pages_read = p.pages_read | excluded.pages_read, ends_at = least(p.ends_at, excluded.ends_at),
            saturated = p.saturated OR excluded.saturated, split = p.split OR excluded.split, rows = p.rows + excluded.rows, found = p.found + excluded.found,
            first_read_at = coalesce(excluded.first_read_at, p.first_read_at)
        """;

    private const string RereadSql = """
        -- name: RereadSyncParts
        UPDATE provider_sync_parts p SET pages_read = 0, ends_at = NULL, saturated = false, rows = 0, first_read_at = NULL
        FROM unnest($2::smallint[], $3::text[]) AS i(specialty, part) WHERE p.job_id = $1 AND p.specialty = i.specialty AND p.part = i.part
        """;

    private const string PagesSql = """
        -- name: WriteProviderPage
        INSERT INTO provider_pages (query, fetched_at, npis, found) VALUES ($1, $2, $3, $4)
        ON CONFLICT (query) DO UPDATE SET fetched_at = excluded.fetched_at, npis = excluded.npis, found = excluded.found
        WHERE provider_pages.fetched_at <= excluded.fetched_at
        """;

    public static async Task WriteAsync(NpgsqlConnection connection, Guid jobId, IReadOnlyList<(PageWrite Write, DateTimeOffset At)> writes, CancellationToken cancellationToken)
    {
        var reread = writes.Select(write => write.Write).OfType<QueryReread>().ToList();
        var read = writes.Where(write => write.Write is PageRead).Select(write => (Page: (PageRead)write.Write, write.At))
            .Concat(reread.SelectMany(query => query.Pages.Select(page => (Page: page, At: page.ReadAt)))).ToList();
        var news = await FindNewsAsync(connection, jobId, read.ConvertAll(write => write.Page), cancellationToken);
        var rejected = news.Keys.Count(row => row.Specialty == Wrong);
        var parts = new PartTally();
        var unseen = new HashSet<long>();
        var records = new Dictionary<long, ProviderRecord>();
        var known = 0L;
        foreach (var (page, _) in read)
        {
            var first = 0;
            foreach (var npi in page.Found)
            {
                if (!news.Remove((npi, (short)page.Part.Query.Specialty), out var seenBefore))
                {
                    continue;
                }

                first++;
                if (!seenBefore && unseen.Add(npi) && page.Providers is null)
                {
                    known++; // stored within the last minutes
                }
            }

            foreach (var provider in page.Providers ?? [])
            {
                if (unseen.Contains(provider.Npi))
                {
                    records.TryAdd(provider.Npi, provider);
                }
            }

            parts.Add(page, first);
        }

        foreach (var (write, _) in writes.Where(write => write.Write is PageUnread))
        {
            parts.Add(write.Part.Query);
        }

        var counts = records.Count == 0 ? default : await ProviderWriter.WriteAsync(connection, records.Values, Source, read.Max(write => write.At), cancellationToken);
        await connection.Sql(CountsSql).With(jobId).With(counts.Created).With(counts.Updated).With(counts.Unchanged + known).With((long)rejected).RunAsync(cancellationToken);
        if (reread.Count > 0)
        {
            await connection.Sql(RereadSql).With(jobId).WithTyped(Smalls, reread.ConvertAll(query => (short)query.Part.Query.Specialty).ToArray()).WithTyped(Texts, reread.ConvertAll(query => query.Part.Query.Key).ToArray())
                .RunAsync(cancellationToken);
        }

        await parts.WriteAsync(connection, PartsSql, jobId, cancellationToken);
        await WritePagesAsync(connection, read, cancellationToken);
    }

    /// <summary>Which of the rows this sync had not found for that specialty, and whether it had for another one.</summary>
    private static async Task<Dictionary<(long Npi, short Specialty), bool>> FindNewsAsync(NpgsqlConnection connection, Guid jobId, List<PageRead> pages, CancellationToken cancellationToken)
    {
        var found = pages.SelectMany(page => page.Found.Select(npi => (Npi: npi, Specialty: (short)page.Part.Query.Specialty))
            .Concat(page.Npis.Where(npi => !NpiNumber.IsValid(npi)).Select(npi => (Npi: npi, Specialty: Wrong)))).Distinct().ToArray();
        if (found.Length == 0)
        {
            return [];
        }

        var news = await connection.Sql(FoundSql).With(jobId).With(Array.ConvertAll(found, row => row.Npi)).WithTyped(Smalls, Array.ConvertAll(found, row => row.Specialty))
            .ListAsync(row => (Npi: row.GetInt64(0), Specialty: row.GetInt16(1), SeenBefore: row.GetBoolean(2)), cancellationToken);
        return news.ToDictionary(row => (row.Npi, row.Specialty), row => row.SeenBefore);
    }

    private static async Task WritePagesAsync(NpgsqlConnection connection, IEnumerable<(PageRead Page, DateTimeOffset At)> read, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var (page, at) in read.Where(write => write.Page.Providers is not null).OrderBy(write => write.Page.Part.PageKey, StringComparer.Ordinal)) // two syncs never lock crosswise
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(PagesSql)
            {
                Parameters = { new NpgsqlParameter<string> { TypedValue = page.Part.PageKey }, new NpgsqlParameter<DateTimeOffset> { TypedValue = at.ToUniversalTime() }, new NpgsqlParameter<long[]> { TypedValue = page.Npis }, new NpgsqlParameter<long[]> { TypedValue = page.Found } },
            });
        }

        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>What one commit says about parts, each once.</summary>
    private sealed class PartTally
    {
        private readonly SortedDictionary<(int Specialty, string Part), Tally> _parts = new(Comparer<(int Specialty, string Part)>.Create((left, right) =>
            left.Specialty != right.Specialty ? left.Specialty.CompareTo(right.Specialty) : string.CompareOrdinal(left.Part, right.Part)));

        /// <summary>A part of which nothing is read yet.</summary>
        public Tally Add(RegistryQuery query)
        {
            var key = (query.Specialty, query.Key);
            if (!_parts.TryGetValue(key, out var tally))
            {
                _parts.Add(key, tally = new Tally(query.Label));
            }

            return tally;
        }

        public void Add(PageRead page, int found)
        {
            var tally = Add(page.Part.Query);
            tally.PagesRead |= 1 << page.Part.Page;
            tally.FirstReadAt = page.Part.Page == 0 ? page.ReadAt.ToUniversalTime() : tally.FirstReadAt;
            tally.EndsAt = page.Npis.Length < RegistryQuery.PageRows ? Math.Min(tally.EndsAt ?? short.MaxValue, (short)page.Part.Page) : tally.EndsAt;
            tally.Saturated |= page.Saturated;
            tally.Split |= page.Children.Count > 0;
            tally.Rows += page.Npis.Length;
            tally.Found += found;
            foreach (var child in page.Children)
            {
                Add(child);
            }
        }

        public async Task WriteAsync(NpgsqlConnection connection, string sql, Guid jobId, CancellationToken cancellationToken)
        {
            if (_parts.Count == 0)
            {
                return;
            }

            Tally[] tallies = [.. _parts.Values];
            await connection.Sql(sql).With(jobId)
                .WithTyped(Smalls, _parts.Keys.Select(key => (short)key.Specialty).ToArray()).WithTyped(Texts, _parts.Keys.Select(key => key.Part).ToArray())
                .WithTyped(Texts, Array.ConvertAll(tallies, tally => tally.Label)).With(Array.ConvertAll(tallies, tally => tally.PagesRead))
                .WithTyped(Smalls, Array.ConvertAll(tallies, tally => tally.EndsAt)).With(Array.ConvertAll(tallies, tally => tally.Saturated)).With(Array.ConvertAll(tallies, tally => tally.Split))
                .With(Array.ConvertAll(tallies, tally => tally.Rows)).With(Array.ConvertAll(tallies, tally => tally.Found))
                .WithTyped(NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, Array.ConvertAll(tallies, tally => tally.FirstReadAt))
                .RunAsync(cancellationToken);
        }
    }

    private sealed class Tally(string label)
    {
        public string Label { get; } = label;

        public int PagesRead { get; set; }

        public short? EndsAt { get; set; }

        public bool Saturated { get; set; }

        public bool Split { get; set; }

        public int Rows { get; set; }

        public int Found { get; set; }

        public DateTimeOffset? FirstReadAt { get; set; }
    }
}
