using System.Collections.Immutable;

namespace OrleansBulk.Upstreams;

/// <summary>
/// Divides an upstream's limits among the silos that need it. Arithmetic without clock or I/O.
/// <para>
/// Invariant: what all silos may use at any moment never adds up to more than the limit. A share that shrinks goes on counting in full until the lease that gave it is over
/// (its holder may not have heard of the smaller one), until its holder has reported fewer calls in flight (concurrency), and until a whole period has passed after that
/// (calls per period); only then is the difference given to others.
/// Where there are fewer calls than silos (one call every two seconds), the whole of it goes from silo to silo in turns.
/// </para>
/// </summary>
/// <param name="longestCall">How long a call can last: so long the calls of a silo that gave its share back count.</param>
internal sealed class BudgetShares(int concurrency, IReadOnlyList<CallLimit> limits, TimeSpan validFor, TimeSpan turn, TimeSpan longestCall)
{
    private readonly Dictionary<string, BudgetHolding> _holdings = new(StringComparer.Ordinal);
    private int _scarcest = Scarcest(concurrency, limits);

    /// <summary>No silo holds anything.</summary>
    public bool IsIdle => _holdings.Values.All(holding => holding is { Concurrency.IsNothing: true, Flying: 0 });

    /// <summary>
    /// Other limits from now on. What was given under the former ones is not taken back: it counts until its lease is over, and a call in it as long as the new period lasts.
    /// </summary>
    /// <param name="newLimits">As many as before, in the same order.</param>
    public void Change(int newConcurrency, IReadOnlyList<CallLimit> newLimits)
    {
        for (var i = 0; i < limits.Count; i++)
        {
            foreach (var holding in _holdings.Values)
            {
                holding.Calls[i].Shift(newLimits[i].Per - limits[i].Per);
            }
        }

        (concurrency, limits, _scarcest) = (newConcurrency, newLimits, Scarcest(newConcurrency, newLimits));
    }

    public BudgetLease Renew(RenewLease request, DateTimeOffset now)
    {
        Drop(now);
        if (!_holdings.TryGetValue(request.Silo, out var mine))
        {
            _holdings.Add(request.Silo, mine = new BudgetHolding(request.Silo, limits.Count));
        }

        mine.Report(request, now + validFor, now);
        // All that ask count, also those with nothing to do for a moment: a silo whose calls come now and then could else wait for a whole period each time.
        var living = _holdings.Values.Where(holding => holding.IsLiving).OrderBy(holding => holding.Silo, StringComparer.Ordinal).ToList();
        var inTurns = living.Count > _scarcest;
        var holds = !inTurns || TakesTurn(mine, living, now);
        mine.TurnSince = inTurns ? mine.TurnSince : null;

        var atOnce = holds ? Math.Min(Free(mine, -1, now), inTurns ? concurrency : EvenConcurrency(mine, living)) : 0;
        var share = ImmutableArray.CreateBuilder<int>(limits.Count);
        for (var i = 0; i < limits.Count; i++)
        {
            share.Add(holds ? Math.Min(Free(mine, i, now), inTurns ? limits[i].Calls : Even(limits[i].Calls, mine, living)) : 0);
        }

        mine.Concurrency.Give(atOnce, now + validFor, now);
        for (var i = 0; i < limits.Count; i++)
        {
            mine.Calls[i].Give(share[i], now + validFor + limits[i].Per, now);
        }

        return new BudgetLease(atOnce, share.MoveToImmutable(), validFor, validFor / 2, TimeSpan.Zero, null);
    }

    public void Release(ReleaseLease request, DateTimeOffset now)
    {
        if (!_holdings.TryGetValue(request.Silo, out var mine))
        {
            return;
        }

        mine.Leave(request.InFlight, now + longestCall);
        mine.EndTurn(now);
        mine.Concurrency.Clear();
        for (var i = 0; i < limits.Count; i++)
        {
            mine.Calls[i].EndBy(now + limits[i].Per);
        }
    }

    /// <summary>
    /// All of it or nothing, so that no two silos hold one half each of what a call needs. Its holder gives it up when its turn is over and others wait; then it goes to
    /// the one whose last turn is the longest ago, whoever asks first.
    /// </summary>
    private bool TakesTurn(BudgetHolding mine, List<BudgetHolding> living, DateTimeOffset now)
    {
        var othersWait = living.Exists(holding => holding.Needs && !ReferenceEquals(holding, mine));
        if (mine.TurnSince is { } since)
        {
            if (!othersWait || (mine.Needs && now - since < turn))
            {
                return true;
            }

            mine.EndTurn(now);
            return false;
        }

        if (othersWait && !ReferenceEquals(living.Where(holding => holding.Needs).MinBy(holding => holding.LastTurn), mine))
        {
            return false;
        }

        mine.TurnSince = IsFree(mine, now) ? now : null;
        return mine.TurnSince is not null;
    }

    /// <summary>Whether all that is too little to be divided is free, and something of the rest.</summary>
    private bool IsFree(BudgetHolding mine, DateTimeOffset now)
    {
        for (var i = -1; i < limits.Count; i++)
        {
            var whole = i < 0 ? concurrency : limits[i].Calls;
            if (Free(mine, i, now) < (whole == _scarcest ? whole : 1))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What the others leave of one limit (-1: of the concurrency).</summary>
    private int Free(BudgetHolding mine, int limit, DateTimeOffset now)
    {
        var whole = limit < 0 ? concurrency : limits[limit].Calls;
        foreach (var holding in _holdings.Values)
        {
            if (!ReferenceEquals(holding, mine))
            {
                whole -= limit < 0 ? Math.Max(holding.Concurrency.Counted(now), holding.Flying) : holding.Calls[limit].Counted(now);
            }
        }

        return Math.Max(0, whole);
    }

    private static int Scarcest(int concurrency, IReadOnlyList<CallLimit> limits) => limits.Select(limit => limit.Calls).Append(concurrency).Min();

    /// <summary>An even part; what does not divide goes to the first by name, so that all of it is out.</summary>
    private static int Even(int whole, BudgetHolding mine, List<BudgetHolding> living) =>
        (whole / living.Count) + (living.IndexOf(mine) < whole % living.Count ? 1 : 0);

    /// <summary>As much as it wants, up to the level at which all wants fill the whole; what nobody wants is divided evenly, for wants that grow before the next renewal.</summary>
    private int EvenConcurrency(BudgetHolding mine, List<BudgetHolding> living)
    {
        var left = concurrency;
        var open = living.ToList();
        while (open.Count > 0)
        {
            var level = left / open.Count;
            var modest = open.Where(holding => holding.Wants <= level).ToList();
            if (modest.Count == 0)
            {
                return Even(left, mine, open);
            }

            left -= modest.Sum(holding => holding.Wants);
            open.RemoveAll(modest.Contains);
            if (modest.Contains(mine) && open.Count > 0)
            {
                return mine.Wants;
            }
        }

        return mine.Wants + Even(left, mine, living);
    }

    /// <summary>Forgets silos whose lease is over and whose last calls no longer count: they stopped, or they are gone with their calls.</summary>
    private void Drop(DateTimeOffset now)
    {
        foreach (var (silo, holding) in _holdings)
        {
            if (holding.Until <= now)
            {
                holding.Lapse(now);
                if (holding.Calls.All(calls => calls.Counted(now) == 0))
                {
                    _holdings.Remove(silo);
                }
            }
        }
    }
}
