using System.Collections.Concurrent;
using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Providers;

/// <summary><see cref="ProviderSync"/> at work on one job.</summary>
internal sealed class ProviderSyncRun(JobTicket job, SyncSpec spec, Database database, UpstreamGates gates, TimeProvider time) : IWorkloadRun
{
    /// <summary>An ask that waits longer at the gate comes back to the pump.</summary>
    private static readonly TimeSpan GateWait = TimeSpan.FromSeconds(5);

    /// <summary>Pages in memory that are not written yet: with their providers' full answers one takes up to a megabyte, and the database may be away for long.</summary>
    private const int MostUnwritten = 100;

    private readonly NppesClient _registry = new(gates);
    private readonly FlowTicket _flow = new(job.Id.ToString("D"), job.Concurrency);
    private readonly ConcurrentDictionary<string, QueryMemory> _queries = new(StringComparer.Ordinal); // of those with more than one page
    private readonly ConcurrentDictionary<string, Reread> _rereads = new(StringComparer.Ordinal); // each written by the one item that does it
    private readonly int[] _asking = new int[spec.Specialties.Count]; // items that run, by specialty
    private readonly ConcurrentDictionary<PageRead, bool> _unwritten = new(ReferenceEqualityComparer.Instance); // added by items, taken out by commits
    private volatile int _latest;

    /// <summary>The first specialty that is being asked for: <c>Internal Medicine (2 of 8)</c>.</summary>
    public string? Doing
    {
        get
        {
            var place = Array.FindIndex(_asking, running => running > 0);
            place = place < 0 ? _latest : place;
            return $"{spec.Specialties[place].Description} ({place + 1} of {spec.Specialties.Count})";
        }
    }

    public string LaneOf(Item item) => NppesClient.Upstream;

    public LaneRoom RoomOf(string lane)
    {
        if (_unwritten.Count >= MostUnwritten)
        {
            return new LaneRoom(1, 0, "the database: pages wait to be written", null);
        }

        var gate = gates.Look(lane);
        var open = gate.Breaker == "closed";
        return new LaneRoom(1, open ? gate.Ceiling : 1, gate.BoundBy, gate.LimitPerSecond);
    }

    private const string LookSql = """
        -- name: LookAtProviderPages
        SELECT query, npis, found, fetched_at FROM provider_pages WHERE query = ANY($1) AND fetched_at > $2
        """;

    private const string LookAtPartsSql = """
        -- name: LookAtSyncParts
        SELECT part, split, first_read_at FROM provider_sync_parts WHERE job_id = $1 AND part = ANY($2)
        """;

    /// <summary>Finds the pages that are known already: those of this chunk cost no call, and those beside them tell a repeated page, after a crash too.</summary>
    public async Task<IReadOnlyList<ItemOutcome?>> PrepareAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        var parts = chunk.Items.Select(RegistryPart.Read).ToArray();
        var further = parts.Where(part => part.Page > 0).Select(part => part.Query.Key).Distinct().ToArray();
        string[] pages = [.. parts.Select(part => part.PageKey).Concat(further.SelectMany(query => Enumerable.Range(0, RegistryQuery.Pages).Select(page => RegistryPart.KeyOf(query, page)))).Distinct()];
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        var known = (await connection.Sql(LookSql).With(pages).With(time.GetUtcNow() - ProviderSync.Fresh)
            .ListAsync(row => (Query: row.GetString(0), Page: new KnownPage(row.GetFieldValue<long[]>(1), row.GetFieldValue<long[]>(2), row.GetFieldValue<DateTimeOffset>(3))), cancellationToken))
            .ToDictionary(row => row.Query, row => row.Page, StringComparer.Ordinal);
        var begun = further.Length == 0 ? [] : await connection.Sql(LookAtPartsSql).With(job.Id).With(further).ListAsync(row => (Query: row.GetString(0), Split: row.GetBoolean(1), FirstReadAt: row.Time(2)), cancellationToken);
        foreach (var query in further)
        {
            var memory = Memory(query);
            for (var page = 0; page < RegistryQuery.Pages; page++)
            {
                if (known.TryGetValue(RegistryPart.KeyOf(query, page), out var read))
                {
                    memory.Recall(page, read.Npis);
                }
            }
        }

        foreach (var (query, split, firstReadAt) in begun)
        {
            if (split)
            {
                Memory(query).RecallSplit();
            }

            if (firstReadAt is { } at)
            {
                Memory(query).RecallFirst(at);
            }
        }

        for (var i = 0; i < parts.Length; i++)
        {
            chunk.Items[i].Prepared = new Asked(parts[i], known.GetValueOrDefault(parts[i].PageKey));
        }

        return new ItemOutcome?[parts.Length];
    }

    public async Task<ItemOutcome> RunAsync(Item item, CancellationToken cancellationToken)
    {
        var (part, known) = (Asked)item.Prepared!;
        var (notNeeded, anew) = part.Page == 0 ? default : Memory(part.Query.Key).Turn(part.Page, time.GetUtcNow() - ProviderSync.Fresh);
        if (notNeeded is not null)
        {
            Forget(part);
            return new ItemSkipped(notNeeded) { Cost = CallCost.Spared };
        }

        if (!anew && known is not null && time.GetUtcNow() - known.At < ProviderSync.Fresh) // it may have waited in line since
        {
            return Answered(item, part, known.Npis, known.Found, null, known.At) with { Cost = CallCost.Spared };
        }

        var place = part.Query.Specialty - 1;
        _latest = place;
        Interlocked.Increment(ref _asking[place]);
        try
        {
            return anew ? await RereadAsync(item, part, cancellationToken) : Outcome(item, part, await FetchAsync(item, part, cancellationToken));
        }
        finally
        {
            Interlocked.Decrement(ref _asking[place]);
        }
    }

    private Task<CallResult> FetchAsync(Item item, RegistryPart part, CancellationToken cancellationToken) =>
        _registry.FetchAsync(part.Query, part.Page, new CallBudget(_flow, GateWait, item.Attempts), cancellationToken);

    /// <summary>
    /// Reads a query from its first page to its last in one go. Further pages wait in line behind everything that was planned, through a pause perhaps, and one that comes too
    /// late for the first page must not be put beside it.
    /// </summary>
    private async Task<ItemOutcome> RereadAsync(Item item, RegistryPart part, CancellationToken cancellationToken)
    {
        var reading = _rereads.AddOrUpdate(part.Query.Key, _ => new Reread(), (_, begun) => begun.Pages is [var first, ..] && time.GetUtcNow() - first.ReadAt >= ProviderSync.Fresh ? new Reread() : begun);
        var cost = CallCost.None;
        while (true)
        {
            var next = new RegistryPart(part.Query, reading.Pages.Count);
            var result = await FetchAsync(item, next, cancellationToken);
            cost += result.Cost;
            if (result is not CallAnswered<RegistryPage> { Value: var page })
            {
                return Outcome(item, part, result) with { Cost = cost }; // what was read is there for the next try
            }

            var verdict = reading.Memory.Take(next.Page, page.Npis, time.GetUtcNow());
            if (verdict.Meaning == PageMeaning.Repeated)
            {
                _rereads.TryRemove(part.Query.Key, out _);
                return Repeated(item, part, next.Page, verdict) with { Cost = cost };
            }

            var notWhole = verdict.Meaning == PageMeaning.NotWhole;
            var read = new PageRead(next, page.Npis, [.. page.Found.Select(provider => provider.Npi)], page.Found, notWhole, notWhole ? part.Query.Split() : [], time.GetUtcNow());
            reading.Pages.Add(read);
            if (!notWhole && page.Npis.Length == RegistryQuery.PageRows)
            {
                continue;
            }

            _rereads.TryRemove(part.Query.Key, out _);
            Forget(part);
            foreach (var unwritten in reading.Pages)
            {
                _unwritten[unwritten] = true;
            }

            var specialty = spec.Specialties[part.Query.Specialty - 1].Description;
            return new ItemSucceeded(new QueryReread(part, reading.Pages), [.. read.Children.Select(child => new RegistryPart(child, 0).Plan(specialty, null))]) { Cost = cost };
        }
    }

    /// <summary>The one place where a call's result becomes an item's outcome.</summary>
    private ItemOutcome Outcome(Item item, RegistryPart part, CallResult result)
    {
        ItemOutcome outcome = result switch
        {
            CallAnswered<RegistryPage> { Value: var page } => Answered(item, part, page.Npis, [.. page.Found.Select(provider => provider.Npi)], page.Found, time.GetUtcNow()),
            CallMissing missing => Failed(missing.Cause, missing.Message),
            CallTroubled troubled => Failed(troubled.Cause, troubled.Message),
            CallGarbled garbled => Failed(garbled.Cause, garbled.Message, garbled: true),
            CallDeferred deferred => new ItemDeferred(deferred.After, deferred.Reason, deferred.Attempts),
            CallRefused refused => new ItemRefused(refused.Reason),
            _ => throw new InvalidOperationException($"{result.GetType().Name} is no answer to a page."),
        };
        return outcome with { Cost = result.Cost };

        ItemFailed Failed(string cause, string message, bool garbled = false) => new(cause, message, result.Attempts, garbled, new PageUnread(part));
    }

    /// <summary>A page was read: what it means beside the other pages of its query, and which items follow from it.</summary>
    private ItemOutcome Answered(Item item, RegistryPart part, long[] npis, long[] found, IReadOnlyList<ProviderRecord>? providers, DateTimeOffset readAt)
    {
        var full = npis.Length == RegistryQuery.PageRows;
        if (part.Page == 0 && !full)
        {
            return Read([]); // the usual case needs no memory
        }

        var verdict = Memory(part.Query.Key).Take(part.Page, npis, readAt);
        if (verdict.Meaning == PageMeaning.Repeated)
        {
            return Repeated(item, part, part.Page, verdict);
        }

        Forget(part);
        var children = verdict.Meaning == PageMeaning.NotWhole ? part.Query.Split() : [];
        var specialty = spec.Specialties[part.Query.Specialty - 1].Description;
        var spawned = children.Select(child => new RegistryPart(child, 0)).Concat(part.Page == 0 ? Further(part.Query) : []);
        return Read(children, verdict.Meaning == PageMeaning.NotWhole, [.. spawned.Select(further => further.Plan(specialty, null))]);

        ItemSucceeded Read(IReadOnlyList<RegistryQuery> children, bool saturated = false, IReadOnlyList<PlannedItem>? spawned = null)
        {
            var read = new PageRead(part, npis, found, providers, saturated, children, readAt);
            _unwritten[read] = true;
            return new ItemSucceeded(read, spawned);
        }
    }

    private static ItemFailed Repeated(Item item, RegistryPart part, int page, PageVerdict verdict) => new(
        $"{NppesClient.Upstream}: page repeated", $"Page {page + 1} of {part.Query.Label} brought the rows of page {verdict.Of + 1} again: what belongs there is missing.",
        item.Attempts + 1, Garbled: true, new PageUnread(part));

    /// <summary>The pages behind a full first one. The last one goes first: when it is full too the query has to be split, and those between need not be read.</summary>
    private static IEnumerable<RegistryPart> Further(RegistryQuery query) =>
        Enumerable.Range(1, RegistryQuery.Pages - 2).Prepend(RegistryQuery.Pages - 1).Select(page => new RegistryPart(query, page));

    public Task WriteAsync(NpgsqlConnection connection, IReadOnlyList<ItemResult> results, CancellationToken cancellationToken)
    {
        var writes = new List<(PageWrite Write, DateTimeOffset At)>(results.Count);
        foreach (var result in results)
        {
            if ((result.Outcome as ItemSucceeded)?.Result is PageRead read)
            {
                _unwritten.TryRemove(read, out _);
                writes.Add((read, result.At));
            }
            else if ((result.Outcome as ItemSucceeded)?.Result is QueryReread reread)
            {
                foreach (var page in reread.Pages)
                {
                    _unwritten.TryRemove(page, out _);
                }

                writes.Add((reread, result.At));
            }
            else if ((result.Outcome as ItemFailed)?.Result is PageUnread unread)
            {
                writes.Add((unread, result.At));
            }
        }

        return writes.Count == 0 ? Task.CompletedTask : SyncWriter.WriteAsync(connection, job.Id, writes, cancellationToken);
    }

    private QueryMemory Memory(string query) => _queries.GetOrAdd(query, _ => new QueryMemory());

    /// <summary>Lets go of a query's pages when all of them are done: a large sync has many thousands of queries.</summary>
    private void Forget(RegistryPart part)
    {
        if (_queries.TryGetValue(part.Query.Key, out var memory) && memory.Done(part.Page))
        {
            _queries.TryRemove(part.Query.Key, out _);
        }
    }

    private sealed record Asked(RegistryPart Part, KnownPage? Known);

    /// <summary>A query that is being read anew: what there is of it so far.</summary>
    private sealed class Reread
    {
        public QueryMemory Memory { get; } = new();

        public List<PageRead> Pages { get; } = [];
    }

    private sealed record KnownPage(long[] Npis, long[] Found, DateTimeOffset At);
}
