namespace OrleansBulk.Upstreams;

/// <summary>
/// Keeps calls to at most N in any window of a length, counted at the upstream. Arithmetic only: no clock and no lock of its own; the gate owns it.
/// <para>
/// A token bucket lets a burst and the refill behind it fall into one window; a log of the last N calls does not. A call is counted when it was granted,
/// and moved to a later moment when its answer shows that it may have arrived later (a slow connect, a paused process): an answer that took L longer than the
/// fastest ever seen can have been L late.
/// </para>
/// </summary>
internal sealed class CallWindow
{
    private readonly long[] _stamps; // ring of the last N grants, in ticks of the gate's clock
    private readonly long _length;
    private long _granted; // grants so far; the newest stands at (_granted - 1) % N

    /// <param name="limit">The whole limit, whatever share of it is held.</param>
    /// <param name="guard">Added to the window's length against jitter on the way to the upstream.</param>
    public CallWindow(CallLimit limit, TimeSpan guard)
    {
        Limit = limit;
        Share = limit.Calls;
        _stamps = new long[limit.Calls];
        _length = (limit.Per + guard).Ticks;
    }

    public CallLimit Limit { get; }

    /// <summary>How many of the limit's calls may be used here; the other silos have the others. 0 to <c>Limit.Calls</c>.</summary>
    public int Share { get; set; }

    /// <summary>From when on a further call fits; null when the share is nothing.</summary>
    public long? NextFree()
    {
        if (Share <= 0)
        {
            return null;
        }

        return _granted < Share ? long.MinValue : _stamps[(_granted - Share) % _stamps.Length] + _length;
    }

    /// <summary>Counts a call granted now; the number names it in <see cref="Correct"/>.</summary>
    public long Grant(long now)
    {
        _stamps[_granted % _stamps.Length] = now;
        return _granted++;
    }

    /// <summary>Moves a call to the latest moment at which it can have arrived.</summary>
    public void Correct(long number, long arrivedAtLatest)
    {
        if (_granted - number > _stamps.Length)
        {
            return; // forgotten: as many calls as the whole limit came after it
        }

        ref var stamp = ref _stamps[number % _stamps.Length];
        stamp = Math.Max(stamp, arrivedAtLatest);
    }

    /// <summary>Calls granted in the window that ends now.</summary>
    public int Used(long now)
    {
        var used = 0;
        var kept = Math.Min(_granted, _stamps.Length);
        for (var back = 1L; back <= kept; back++)
        {
            if (_stamps[(_granted - back) % _stamps.Length] + _length <= now)
            {
                break;
            }

            used++;
        }

        return used;
    }
}
