using System.Globalization;
using System.Runtime.CompilerServices;
using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Tabs;

/// <summary>
/// Finds what a sync has to do, tab by tab and page by page. First the rows around the watermark again, of which only those count that were not written as they are
/// now (a transaction may commit later than its time says); then the rows behind it, at most the tab's limit, or all in a full sync, which goes on where one before it was
/// cut off by its time; then, in a full sync, the rows that are gone; then the tab's end.
/// </summary>
internal sealed class TabPlan(Guid jobId, TabSyncSpec spec, TabCatalog catalog, TabSource source, Database database, ITabDestination destination, TabOptions options, TimeProvider time, BackgroundPace? pace)
{
    private const int PageRows = 5000;
    private const int MostAround = 20_000;
    private const string AfterAllKeys = "\U0010FFFF";

    public async IAsyncEnumerable<PlannedItem> ReadAsync(string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var place = PlanCursor.Parse(after);
        for (var i = place.Tab; i < spec.Tabs.Count; i++, place = new PlanCursor(i, Phase.Behind, 0, null))
        {
            if (place.Phase == Phase.Done)
            {
                continue;
            }

            place = place with { Tab = i };
            if (catalog.Find(spec.Tabs[i]) is not { } tab)
            {
                yield return new TabTaken(spec.Tabs[i], $"The tab '{spec.Tabs[i]}' is not in the file of tabs any more.", IsWrong: true).Plan(place.Done());
                continue;
            }

            await using var items = ReadTabAsync(tab, place, cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await NextAsync(items, tab, place) is { } item)
            {
                yield return item;
            }
        }
    }

    /// <summary>Trouble with the source of one tab ends that tab, in words, and no other one.</summary>
    private static async Task<PlannedItem?> NextAsync(IAsyncEnumerator<PlannedItem> items, TabDefinition tab, PlanCursor place)
    {
        try
        {
            return await items.MoveNextAsync() ? items.Current : null;
        }
        catch (InvalidTabException error)
        {
            return new TabEnd(tab.Name, null, null, IsFull: false, Trouble: error.Message).Plan(place.Done());
        }
    }

    private async IAsyncEnumerable<PlannedItem> ReadTabAsync(TabDefinition tab, PlanCursor place, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await FindFaultAsync(tab, cancellationToken) is { } fault)
        {
            yield return new TabTaken(tab.Name, fault, IsWrong: true).Plan(place.Done());
            yield break;
        }

        var (state, why) = await TakeAsync(tab, cancellationToken);
        if (state is null)
        {
            yield return new TabTaken(tab.Name, why!, IsWrong: false).Plan(place.Done());
            yield break;
        }

        if (place is { Phase: Phase.Behind, Last: null } && spec.ClosesGaps(tab.Name))
        {
            await CloseGapsAsync(tab, cancellationToken);
        }

        var isFull = state.IsFull;
        var watermark = isFull ? null : state.Watermark;
        if (place is { Phase: Phase.Behind, Last: null } && (!isFull || state.FullFrom is not null)) // those before the place where a full sync goes on too
        {
            foreach (var dirty in await ReadDirtyAsync(tab, cancellationToken))
            {
                yield return new ChangedRow(tab.Name, dirty).Plan(place.ToString()); // after a crash they may come twice: the second time they are unchanged
            }
        }

        if (place.Phase == Phase.Behind && watermark is { } mark && options.Overlap > TimeSpan.Zero)
        {
            foreach (var again in await ReadAroundAsync(tab, mark, place.Last, cancellationToken))
            {
                yield return new ChangedRow(tab.Name, again.Key, again.At).Plan(place.At(Phase.Behind, 0, again, null));
            }
        }

        // The watermark goes no further than the source's clock: a row that is dated in the future must not hide what changes until then.
        var resumes = isFull && place.Phase == Phase.Behind && state.FullFrom is not null;
        var (last, count, upTo) = place.Phase == Phase.Ahead ? (place.Last, place.Count, place.Read) : (resumes ? state.FullFrom : watermark, 0, null);
        var isCut = false;
        if (place.Phase <= Phase.Ahead)
        {
            while (isFull || count < tab.Limit)
            {
                isCut = time.GetUtcNow() - state.BegunAt > options.Timeout;
                if (isCut)
                {
                    break;
                }

                var wanted = isFull ? PageRows : Math.Min(PageRows, tab.Limit - count);
                var page = await source.ReadPlacesAsync(tab, null, last, null, wanted, cancellationToken, isIncluded: resumes);
                resumes = false;
                var toCome = page.Any(row => row.IsToCome) ? await WrittenAsync(tab, page.Where(row => row.IsToCome), cancellationToken) : null;
                foreach (var row in page)
                {
                    last = row;
                    upTo = row.IsToCome ? upTo : row;
                    if (isFull || toCome is null || !IsWritten(row, toCome)) // a row that is dated in the future is seen by each sync until then: it must not take the place of others
                    {
                        count++;
                        yield return new ChangedRow(tab.Name, row.Key, row.At).Plan(place.At(Phase.Ahead, count, row, upTo));
                    }
                }

                if (page.Count < wanted)
                {
                    break;
                }
            }
        }
        else
        {
            upTo = place.Read;
        }

        if (isFull && !isCut)
        {
            await foreach (var gone in ReadGoneAsync(tab, place.Phase == Phase.Gone ? place.Last?.Key : null, cancellationToken))
            {
                yield return new GoneRow(tab.Name, gone).Plan(place.AtGone(gone, upTo));
            }

            if (place.Last?.Key != AfterAllKeys && await source.CountUnplacedAsync(tab, cancellationToken) is { Rows: > 0 } unplaced)
            {
                yield return new UnplacedRows(tab.Name, unplaced.Rows, unplaced.AreMore).Plan(place.AtGone(AfterAllKeys, upTo));
            }
        }

        yield return new TabEnd(tab.Name, upTo?.At, upTo?.Key, isFull, IsCut: isFull && isCut).Plan(place.Done());
    }

    private async Task<string?> FindFaultAsync(TabDefinition tab, CancellationToken cancellationToken)
    {
        try
        {
            await source.DescribeAsync(tab, cancellationToken);
            return null;
        }
        catch (InvalidTabException error)
        {
            return error.Message;
        }
    }

    /// <summary>
    /// The rows before the watermark that are not written as they are now. At most the newest <see cref="MostAround"/> of them are looked at: of many that changed at once,
    /// in one load say, all would be looked at with every sync.
    /// </summary>
    private async Task<IReadOnlyList<TabPlace>> ReadAroundAsync(TabDefinition tab, TabPlace mark, TabPlace? after, CancellationToken cancellationToken)
    {
        var around = await source.ReadNewestAsync(tab, mark.At - options.Overlap, mark, MostAround, cancellationToken);
        var again = new List<TabPlace>();
        foreach (var page in around.Reverse().SkipWhile(row => row.At < after?.At).Chunk(PageRows))
        {
            var written = await WrittenAsync(tab, page, cancellationToken);
            again.AddRange(page.Where(row => !IsWritten(row, written)));
        }

        return again;
    }

    private static bool IsWritten(TabPlace row, Dictionary<string, DateTimeOffset> written) => written.TryGetValue(row.Key, out var at) && at == row.At;

    private const string DirtySql = """
        -- name: ListDirtyTabRows
        SELECT key FROM (
            SELECT key, min(later) AS later
            FROM (SELECT key, 0 AS later FROM tab_rows WHERE tab = $1 AND is_dirty AND NOT EXISTS (SELECT FROM tab_failures f WHERE f.tab = $1 AND f.key = tab_rows.key) UNION ALL SELECT key, 1 FROM tab_failures WHERE tab = $1) AS undone
            GROUP BY key
        ) AS wanted ORDER BY later, key LIMIT $2
        """;

    private async Task<IReadOnlyList<string>> ReadDirtyAsync(TabDefinition tab, CancellationToken cancellationToken)
    {
        using var turn = await pace.TurnAsync(cancellationToken);
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(DirtySql).With(tab.Name).With(tab.Limit).ListAsync(row => row.GetString(0), cancellationToken);
    }

    private const string KeysSql = """
        -- name: ListTabKeys
        SELECT key FROM tab_rows WHERE tab = $1 AND ($2::text IS NULL OR key > $2) ORDER BY key LIMIT $3
        """;

    private async IAsyncEnumerable<string> ReadGoneAsync(TabDefinition tab, string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<string> page;
        do
        {
            using (await pace.TurnAsync(cancellationToken))
            await using (var connection = await database.Bulk.OpenConnectionAsync(cancellationToken))
            {
                page = await connection.Sql(KeysSql).With(tab.Name).WithText(after).With(PageRows).ListAsync(row => row.GetString(0), cancellationToken);
            }

            foreach (var gone in page.Count == 0 ? [] : await source.FindGoneAsync(tab, page, cancellationToken))
            {
                yield return gone;
            }

            after = page.Count > 0 ? page[^1] : after;
        }
        while (page.Count == PageRows);
    }

    private const string WrittenSql = """
        -- name: LookAtWrittenTabRows
        SELECT key, updated_at FROM tab_rows WHERE tab = $1 AND key = ANY($2) AND cells IS NOT NULL AND updated_at IS NOT NULL
        """;

    private async Task<Dictionary<string, DateTimeOffset>> WrittenAsync(TabDefinition tab, IEnumerable<TabPlace> rows, CancellationToken cancellationToken)
    {
        using var turn = await pace.TurnAsync(cancellationToken);
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return (await connection.Sql(WrittenSql).With(tab.Name).With(rows.Select(row => row.Key).ToArray()).ListAsync(row => (Key: row.GetString(0), At: row.GetFieldValue<DateTimeOffset>(1)), cancellationToken))
            .ToDictionary(row => row.Key, row => row.At, StringComparer.Ordinal);
    }

    // The tab is this job's when it was nobody's, or its job has ended without saying so (cancelled, failed, deleted).
    private const string TakeSql = """
        -- name: TakeTab
        WITH taken AS (
            UPDATE tabs t SET job_id = $2, last_job_id = $2, layout = CASE WHEN layout = $5 OR (layout IS NULL AND next_position = 1) THEN $5 ELSE '' END,
                width = CASE WHEN destination <> $6 THEN $7 ELSE greatest(width, $7) END
            WHERE name = $1 AND NOT paused
              AND (job_id IS NULL OR job_id = $2 OR NOT EXISTS (SELECT FROM jobs j WHERE j.id = t.job_id AND j.status IN ('queued', 'planning', 'running', 'paused')))
            RETURNING watermark_at, watermark_key, $4 OR layout <> $5 AS is_full, CASE WHEN full_from_layout = $5 AND full_left_at > $8 THEN full_from_at END AS full_from_at, full_from_key
        ), noted AS (
            INSERT INTO tab_syncs (tab, job_id, started_at, is_full, layout) SELECT $1, $2, $3, is_full, $5 FROM taken ON CONFLICT DO NOTHING
        )
        SELECT t.watermark_at, t.watermark_key, coalesce(s.is_full, t.is_full), greatest(coalesce(s.started_at, $3), j.begun_at), t.full_from_at, t.full_from_key
        FROM taken t JOIN jobs j ON j.id = $2 LEFT JOIN tab_syncs s ON s.tab = $1 AND s.job_id = $2
        """;

    // Before anything moves: until a full sync has ended, the sheet has rows at their old places.
    private const string OpenSql = """
        -- name: BeginToCloseTabGaps
        UPDATE tabs SET layout = '' WHERE name = $1 AND job_id = $2
        """;

    // Aside first: positions are unique at every moment.
    private const string AsideSql = """
        -- name: MoveTabRowsAside
        WITH page AS (
            SELECT key, position FROM tab_rows WHERE tab = $1 AND position > $2 ORDER BY position LIMIT $4
        ), placed AS (
            SELECT key, position, $3 + row_number() OVER (ORDER BY position) AS place FROM page
        ), moved AS (
            UPDATE tab_rows r SET position = -p.place FROM placed p WHERE r.tab = $1 AND r.key = p.key AND p.position <> p.place
        )
        SELECT count(*)::integer, coalesce(max(position), 0) FROM placed
        """;

    private const string BackSql = """
        -- name: MoveTabRowsUp
        UPDATE tab_rows SET position = -position WHERE tab = $1 AND position < 0
        """;

    private const string ClosedSql = """
        -- name: CloseTabGaps
        UPDATE tabs SET next_position = $3 + 1 WHERE name = $1 AND job_id = $2
        """;

    /// <summary>
    /// Rows move up to the positions of those that are gone, in their order. Nothing of this sync is planned yet, and no other one has the tab, so nobody writes to where they
    /// stood. The comparing at the end of this sync, or of the next one that comes to its end, moves them in the sheet.
    /// </summary>
    private async Task CloseGapsAsync(TabDefinition tab, CancellationToken cancellationToken)
    {
        var (after, rows, found) = (0, 0, PageRows);
        while (found == PageRows)
        {
            using var turn = await pace.TurnAsync(cancellationToken);
            await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await connection.Sql(OpenSql).With(tab.Name).With(jobId).RunAsync(cancellationToken);
            (found, var last) = (await connection.Sql(AsideSql).With(tab.Name).With(after).With(rows).With(PageRows).ListAsync(row => (row.GetInt32(0), row.GetInt32(1)), cancellationToken))[0];
            await connection.Sql(BackSql).With(tab.Name).RunAsync(cancellationToken);
            (after, rows) = (last, rows + found);
            if (found < PageRows)
            {
                await connection.Sql(ClosedSql).With(tab.Name).With(jobId).With(rows).RunAsync(cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
        }
    }

    private const string WhySql = """
        -- name: WhyTabIsTaken
        SELECT CASE WHEN paused THEN 'the tab is paused' ELSE coalesce('job ' || job_id || ' syncs it', 'another sync has just let it go') END FROM tabs WHERE name = $1
        """;

    private const string KnowSql = """
        -- name: KnowTab
        INSERT INTO tabs (name) VALUES ($1) ON CONFLICT (name) DO NOTHING
        """;

    private async Task<(TabState? State, string? Why)> TakeAsync(TabDefinition tab, CancellationToken cancellationToken)
    {
        using var turn = await pace.TurnAsync(cancellationToken);
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await connection.Sql(KnowSql).With(tab.Name).RunAsync(cancellationToken);
        var state = await connection.Sql(TakeSql).With(tab.Name).With(jobId).With(time.GetUtcNow()).With(spec.IsFull(tab.Name))
            .With(TabLayout.Of(source, destination, tab)).With(destination.Name).With(tab.Columns.Count).With(time.GetUtcNow() - options.FullEvery)
            .FirstAsync(row => new TabState(PlaceOf(row, 0), row.GetBoolean(2), row.GetFieldValue<DateTimeOffset>(3), PlaceOf(row, 4)), cancellationToken);
        return state is not null ? (state, null) : (null, await connection.Sql(WhySql).With(tab.Name).FirstAsync(row => row.GetString(0), cancellationToken));
    }

    /// <param name="IsFull">All rows are wanted: by the spec, or because the destination, the query or the columns are others than last time.</param>
    /// <param name="BegunAt">From when on its time is counted.</param>
    /// <param name="FullFrom">Where a full sync goes on, since one that was cut off has compared what stands before; null: at the first row.</param>
    private sealed record TabState(TabPlace? Watermark, bool IsFull, DateTimeOffset BegunAt, TabPlace? FullFrom);

    private static TabPlace? PlaceOf(NpgsqlDataReader row, int at) => row.Time(at) is { } time ? new TabPlace(time, row.GetString(at + 1)) : null;

    private enum Phase
    {
        Behind,
        Ahead,
        Gone,
        Done,
    }

    /// <summary>Where a plan goes on after a crash.</summary>
    /// <param name="Tab">Which of the spec's tabs.</param>
    /// <param name="Count">Rows of the phase so far.</param>
    /// <param name="Last">The last row of the phase; in <see cref="Phase.Gone"/> its key alone counts.</param>
    /// <param name="Read">From <see cref="Phase.Ahead"/> on: up to where the source was read, by its clock.</param>
    private sealed record PlanCursor(int Tab, Phase Phase, int Count, TabPlace? Last, TabPlace? Read = null)
    {
        public static PlanCursor Parse(string? text)
        {
            if (text is null)
            {
                return new PlanCursor(0, Phase.Behind, 0, null);
            }

            var parts = text.Split('\u001f');
            return new PlanCursor(int.Parse(parts[0], CultureInfo.InvariantCulture), Enum.Parse<Phase>(parts[1]), int.Parse(parts[2], CultureInfo.InvariantCulture), Place(parts[3], parts[4]), Place(parts[5], parts[6]));
        }

        public string At(Phase phase, int count, TabPlace last, TabPlace? read) => (this with { Phase = phase, Count = count, Last = last, Read = read }).ToString();

        public string AtGone(string key, TabPlace? read) => (this with { Phase = Phase.Gone, Count = 0, Last = new TabPlace(DateTimeOffset.UnixEpoch, key), Read = read }).ToString();

        public string Done() => (this with { Phase = Phase.Done, Count = 0, Last = null, Read = null }).ToString();

        public override string ToString() => string.Join('\u001f', Tab.ToString(CultureInfo.InvariantCulture), Phase.ToString(), Count.ToString(CultureInfo.InvariantCulture), Ticks(Last), Last?.Key, Ticks(Read), Read?.Key);

        private static string? Ticks(TabPlace? place) => place?.At.UtcTicks.ToString(CultureInfo.InvariantCulture);

        private static TabPlace? Place(string ticks, string key) => ticks.Length == 0 ? null : new TabPlace(new DateTimeOffset(long.Parse(ticks, CultureInfo.InvariantCulture), TimeSpan.Zero), key);
    }
}
