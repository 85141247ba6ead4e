using System.Globalization;
using System.Runtime.CompilerServices;
using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Tabs;

/// <summary>
/// Finds what a sync has to do, tab by tab and page by page. First the rows around the watermark again, of which only those count that were not written as they are
/// now (a transaction may commit later than its time says); then the rows behind it, at most the tab's limit, or all in a full sync; then, in a full sync, the rows
/// that are gone; then the tab's end.
/// </summary>
internal sealed class TabPlan(Guid jobId, TabSyncSpec spec, TabCatalog catalog, TabSource source, Database database, string destination, TabOptions options, TimeProvider time)
{
    private const int PageRows = 5000;

    public async IAsyncEnumerable<PlannedItem> ReadAsync(string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var place = PlanCursor.Parse(after);
        for (var i = place.Tab; i < spec.Tabs.Count; i++, place = new PlanCursor(i, Phase.Behind, 0, null))
        {
            if (place.Phase == Phase.Done || catalog.Find(spec.Tabs[i]) is not { } tab)
            {
                continue; // it was taken out of the file since the job was accepted, or is planned already
            }

            await foreach (var item in ReadTabAsync(tab, place with { Tab = i }, cancellationToken))
            {
                yield return item;
            }
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

        var isFull = state.IsFull;
        var watermark = isFull ? null : state.Watermark;
        if (place is { Phase: Phase.Behind, Last: null } && !isFull)
        {
            foreach (var dirty in await ReadDirtyAsync(tab, cancellationToken))
            {
                yield return new ChangedRow(tab.Name, dirty).Plan(place.ToString()); // after a crash they may come twice: the second time they are unchanged
            }
        }

        if (place.Phase == Phase.Behind && watermark is { } mark && options.Overlap > TimeSpan.Zero)
        {
            await foreach (var again in ReadAroundAsync(tab, mark, place.Last, cancellationToken))
            {
                yield return new ChangedRow(tab.Name, again.Key).Plan(place.At(Phase.Behind, 0, again));
            }
        }

        var (last, count) = place.Phase == Phase.Ahead ? (place.Last, place.Count) : (watermark, 0);
        if (place.Phase <= Phase.Ahead)
        {
            while (isFull || count < tab.Limit)
            {
                var wanted = isFull ? PageRows : Math.Min(PageRows, tab.Limit - count);
                var page = await source.ReadPlacesAsync(tab, null, last, null, wanted, cancellationToken);
                foreach (var row in page)
                {
                    (last, count) = (row, count + 1);
                    yield return new ChangedRow(tab.Name, row.Key).Plan(place.At(Phase.Ahead, count, row));
                }

                if (page.Count < wanted)
                {
                    break;
                }
            }
        }
        else
        {
            last = place.Read;
        }

        if (isFull)
        {
            await foreach (var gone in ReadGoneAsync(tab, place.Phase == Phase.Gone ? place.Last?.Key : null, cancellationToken))
            {
                yield return new GoneRow(tab.Name, gone).Plan(place.AtGone(gone, last));
            }
        }

        yield return new TabEnd(tab.Name, last?.At, last?.Key, isFull).Plan(place.Done());
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

    private async IAsyncEnumerable<TabPlace> ReadAroundAsync(TabDefinition tab, TabPlace mark, TabPlace? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await source.ReadPlacesAsync(tab, mark.At - options.Overlap, after, mark, PageRows, cancellationToken);
            var written = await WrittenAsync(tab, [.. page.Select(row => row.Key)], cancellationToken);
            foreach (var row in page.Where(row => !written.TryGetValue(row.Key, out var at) || at != row.At))
            {
                yield return row;
            }

            if (page.Count < PageRows)
            {
                yield break;
            }

            after = page[^1];
        }
    }

    private const string DirtySql = """
        -- name: ListDirtyTabRows
        SELECT key FROM tab_rows WHERE tab = $1 AND is_dirty UNION SELECT key FROM tab_failures WHERE tab = $1 ORDER BY key LIMIT $2
        """;

    private async Task<IReadOnlyList<string>> ReadDirtyAsync(TabDefinition tab, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(DirtySql).With(tab.Name).With(tab.Limit).ListAsync(row => row.GetString(0), cancellationToken);
    }

    private const string KeysSql = """
        -- name: ListTabKeys
        SELECT key FROM tab_rows WHERE tab = $1 AND key > $2 ORDER BY key LIMIT $3
        """;

    private async IAsyncEnumerable<string> ReadGoneAsync(TabDefinition tab, string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<string> page;
        do
        {
            await using (var connection = await database.Bulk.OpenConnectionAsync(cancellationToken))
            {
                page = await connection.Sql(KeysSql).With(tab.Name).With(after ?? "").With(PageRows).ListAsync(row => row.GetString(0), cancellationToken);
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
        SELECT key, updated_at FROM tab_rows WHERE tab = $1 AND key = ANY($2) AND cells IS NOT NULL
        """;

    private async Task<Dictionary<string, DateTimeOffset>> WrittenAsync(TabDefinition tab, string[] keys, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return (await connection.Sql(WrittenSql).With(tab.Name).With(keys).ListAsync(row => (Key: row.GetString(0), At: row.GetFieldValue<DateTimeOffset>(1)), cancellationToken))
            .ToDictionary(row => row.Key, row => row.At, StringComparer.Ordinal);
    }

    // The tab is this job's when it was nobody's, or its job has ended without saying so (cancelled, failed, deleted).
    private const string TakeSql = """
        -- name: TakeTab
        WITH taken AS (
            UPDATE tabs t SET job_id = $2 WHERE name = $1 AND NOT paused
              AND (job_id IS NULL OR job_id = $2 OR NOT EXISTS (SELECT FROM jobs j WHERE j.id = t.job_id AND j.status IN ('queued', 'planning', 'running', 'paused')))
            RETURNING watermark_at, watermark_key, $4 OR coalesce(destination <> $5, false) AS is_full
        ), noted AS (
            INSERT INTO tab_syncs (tab, job_id, started_at, is_full) SELECT $1, $2, $3, is_full FROM taken ON CONFLICT DO NOTHING
        )
        SELECT watermark_at, watermark_key, is_full FROM taken
        """;

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
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await connection.Sql(KnowSql).With(tab.Name).RunAsync(cancellationToken);
        var state = await connection.Sql(TakeSql).With(tab.Name).With(jobId).With(time.GetUtcNow()).With(spec.IsFull(tab.Name))
            .With(destination).FirstAsync(row => new TabState(row.Time(0) is { } at ? new TabPlace(at, row.GetString(1)) : null, row.GetBoolean(2)), cancellationToken);
        return state is not null ? (state, null) : (null, await connection.Sql(WhySql).With(tab.Name).FirstAsync(row => row.GetString(0), cancellationToken));
    }

    /// <param name="IsFull">All rows are wanted: by the spec, or because the destination is another one than last time.</param>
    private sealed record TabState(TabPlace? Watermark, bool IsFull);

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
    /// <param name="Read">In <see cref="Phase.Gone"/>: up to where the source was read.</param>
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

        public string At(Phase phase, int count, TabPlace last) => (this with { Phase = phase, Count = count, Last = last, Read = null }).ToString();

        public string AtGone(string key, TabPlace? read) => (this with { Phase = Phase.Gone, Count = 0, Last = new TabPlace(DateTimeOffset.UnixEpoch, key), Read = read }).ToString();

        public string Done() => (this with { Phase = Phase.Done, Count = 0, Last = null, Read = null }).ToString();

        public override string ToString() => string.Join('\u001f', Tab.ToString(CultureInfo.InvariantCulture), Phase.ToString(), Count.ToString(CultureInfo.InvariantCulture), Ticks(Last), Last?.Key, Ticks(Read), Read?.Key);

        private static string? Ticks(TabPlace? place) => place?.At.UtcTicks.ToString(CultureInfo.InvariantCulture);

        private static TabPlace? Place(string ticks, string key) => ticks.Length == 0 ? null : new TabPlace(new DateTimeOffset(long.Parse(ticks, CultureInfo.InvariantCulture), TimeSpan.Zero), key);
    }
}
