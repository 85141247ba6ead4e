namespace OrleansBulk.Providers;

/// <summary>
/// What a sync knows of one query's pages while it reads them: which are behind the end, and which rows came already. Read and written by items that run at once.
/// </summary>
internal sealed class QueryMemory
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<int, long[]> _pages = [];
    private readonly HashSet<int> _done = [];
    private int? _endsAt;
    private bool _split;
    private DateTimeOffset? _firstReadAt;
    private int? _rereadBy; // the page whose item does it

    /// <summary>A page behind the first one has its outcome. True when none is left to wait for: the memory can go.</summary>
    public bool Done(int page)
    {
        lock (_lock)
        {
            return page > 0 && _done.Add(page) && _done.Count == RegistryQuery.Pages - 1;
        }
    }

    /// <summary>
    /// What is to be done about a page. Where the first one is older than that, it must not be put beside it: a row may have left the first one meanwhile and drawn one from
    /// the page behind it, which nobody would see. Then all pages are read anew, in one go, by the item of the page that came first.
    /// </summary>
    public PageTurn Turn(int page, DateTimeOffset notBefore)
    {
        lock (_lock)
        {
            if ((_split ? "its query was split" : _endsAt < page ? "behind the last page" : _rereadBy is { } other && other != page ? "its query is read anew" : null) is { } why)
            {
                return new PageTurn(why, false);
            }

            _rereadBy = _rereadBy is not null || !(_firstReadAt >= notBefore) ? page : null;
            return new PageTurn(null, _rereadBy is not null);
        }
    }

    /// <summary>When the first page was read, by this job.</summary>
    public void RecallFirst(DateTimeOffset readAt)
    {
        lock (_lock)
        {
            _firstReadAt ??= readAt;
        }
    }

    /// <summary>A page that another item read, before a crash perhaps. Nothing is concluded from it but what it holds.</summary>
    public void Recall(int page, long[] npis)
    {
        lock (_lock)
        {
            if (_pages.TryAdd(page, npis) && npis.Length < RegistryQuery.PageRows)
            {
                _endsAt = Math.Min(_endsAt ?? page, page);
            }
        }
    }

    public void RecallSplit()
    {
        lock (_lock)
        {
            _split = true;
        }
    }

    /// <summary>Takes a page in, and tells what it means beside the others.</summary>
    /// <param name="readAt">When the registry answered it.</param>
    public PageVerdict Take(int page, long[] npis, DateTimeOffset readAt)
    {
        lock (_lock)
        {
            _firstReadAt = page == 0 ? readAt : _firstReadAt;
            var moved = false;
            foreach (var (other, rows) in _pages)
            {
                if (other != page && npis.Length > 0 && rows.Length > 0)
                {
                    var known = rows.ToHashSet();
                    var again = npis.Count(known.Contains);
                    if (again == npis.Length && npis.Length == rows.Length)
                    {
                        return new PageVerdict(PageMeaning.Repeated, other);
                    }

                    moved |= again > 0;
                }
            }

            _pages[page] = npis;
            if (npis.Length < RegistryQuery.PageRows)
            {
                _endsAt = Math.Min(_endsAt ?? page, page);
            }

            if (_split || (!moved && (page != RegistryQuery.Pages - 1 || npis.Length < RegistryQuery.PageRows)))
            {
                return new PageVerdict(PageMeaning.Good, null);
            }

            _split = true;
            return new PageVerdict(PageMeaning.NotWhole, null);
        }
    }
}

/// <param name="NotNeeded">Why it need not be asked for; null when it must.</param>
/// <param name="Anew">All pages of its query have to be read anew.</param>
internal readonly record struct PageTurn(string? NotNeeded, bool Anew);

/// <param name="Of">The page that it repeats.</param>
internal readonly record struct PageVerdict(PageMeaning Meaning, int? Of);

internal enum PageMeaning
{
    Good,

    /// <summary>All its rows came with another page: the registry did not turn the page.</summary>
    Repeated,

    /// <summary>There are more rows than can be reached, or rows moved from page to page while they were read: only narrower queries bring all of them.</summary>
    NotWhole,
}
