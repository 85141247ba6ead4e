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
    private readonly long[] _arrivals; // ring of the N latest arrivals as far as is known, in order, in ticks of the gate's clock; the newest stands at (_granted - 1) % N
    private readonly long[] _counted; // by a call's number % N: where it stands among the arrivals
    private long _length;
    private long _granted; // grants so far

    /// <param name="limit">The whole limit, whatever share of it is held.</param>
    /// <param name="guard">Added to the window's length against jitter on the way to the upstream.</param>
    public CallWindow(CallLimit limit, TimeSpan guard)
    {
        Limit = limit;
        Share = limit.Calls;
        _arrivals = new long[limit.Calls];
        _counted = new long[limit.Calls];
        _length = (limit.Per + guard).Ticks;
    }

    public CallLimit Limit { get; private set; }

    /// <summary>How many of the limit's calls may be used here; the other silos have the others. 0 to <c>Limit.Calls</c>.</summary>
    public int Share { get; set; }

    /// <summary>Keeps another limit from now on, also for the calls that were made before.</summary>
    /// <param name="limit">With at most as many calls as the limit this window was made for.</param>
    public void Keep(CallLimit limit, TimeSpan guard)
    {
        Limit = limit;
        _length = (limit.Per + guard).Ticks;
    }

    /// <summary>From when on a further call fits; null when the share is nothing.</summary>
    public long? NextFree()
    {
        if (Share <= 0)
        {
            return null;
        }

        return _granted < Share ? long.MinValue : Arrival(_granted - Share) + _length;
    }

    /// <summary>Counts a call granted now; the number names it in <see cref="Correct"/>.</summary>
    public long Grant(long now)
    {
        _counted[_granted % _counted.Length] = now;
        Place(_granted, now);
        return _granted++;
    }

    /// <summary>Moves a call to the latest moment at which it can have arrived.</summary>
    public void Correct(long number, long arrivedAtLatest)
    {
        ref var counted = ref _counted[number % _counted.Length];
        if (_granted - number > _counted.Length || arrivedAtLatest <= counted)
        {
            return; // forgotten, as many calls as the whole limit came after it; or known to be later already
        }

        // From its place on, the later ones move up by one until the new moment fits in: shares change, and then the order decides which call is the N-th last.
        var kept = Math.Max(0, _granted - _arrivals.Length);
        var place = _granted - 1;
        while (place > kept && Arrival(place) > counted)
        {
            place--;
        }

        for (; place + 1 < _granted && Arrival(place + 1) < arrivedAtLatest; place++)
        {
            Arrival(place) = Arrival(place + 1);
        }

        Arrival(place) = Math.Max(Arrival(place), arrivedAtLatest);
        counted = arrivedAtLatest;
    }

    /// <summary>Calls granted in the window that ends now.</summary>
    public int Used(long now)
    {
        var used = 0;
        while (used < Math.Min(_granted, _arrivals.Length) && Arrival(_granted - 1 - used) + _length > now)
        {
            used++;
        }

        return used;
    }

    private ref long Arrival(long place) => ref _arrivals[place % _arrivals.Length];

    /// <summary>Puts the newest in order. It is the last but where a call before it was moved into the future.</summary>
    private void Place(long place, long arrival)
    {
        var kept = Math.Max(0, place - _arrivals.Length + 1);
        for (; place > kept && Arrival(place - 1) > arrival; place--)
        {
            Arrival(place) = Arrival(place - 1);
        }

        Arrival(place) = arrival;
    }
}
