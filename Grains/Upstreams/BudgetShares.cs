using System.Collections.Immutable;

namespace OrleansBulk.Upstreams;

/// <summary>
/// Divides an upstream's limits among the silos that need it. Arithmetic without clock or I/O.
/// <para>
/// Invariant: what all silos may use at any moment never adds up to more than the limit. A share that shrinks goes on counting in full until its holder has
/// reported fewer calls in flight (concurrency) and until a whole period has passed (calls per period); only then is the difference given to others.
/// Where there are fewer calls than silos (one call every two seconds), the whole of it goes from silo to silo in turns.
/// </para>
/// </summary>
internal sealed class BudgetShares(int concurrency, IReadOnlyList<CallLimit> limits, TimeSpan validFor, TimeSpan turn)
{
    private readonly Dictionary<string, Holding> _holdings = new(StringComparer.Ordinal);

    /// <summary>No silo holds anything.</summary>
    public bool IsIdle => _holdings.Values.All(holding => holding is { Concurrency: 0, ConcurrencyCounted: 0 });

    public BudgetLease Renew(RenewLease request, DateTimeOffset now)
    {
        Drop(now, keep: request.Silo);
        if (!_holdings.TryGetValue(request.Silo, out var mine))
        {
            _holdings.Add(request.Silo, mine = new Holding(limits.Count));
        }

        mine.Needs = request.Waiting + request.InFlight > 0;
        mine.InFlight = request.InFlight;
        mine.Wants = Math.Max(1, request.Waiting + request.InFlight);
        var needy = _holdings.Values.Count(holding => holding.Needs || ReferenceEquals(holding, mine));

        var atOnce = Divide(concurrency, needy, mine, holding => holding.ConcurrencyCounted, now);
        mine.ConcurrencyCounted = Math.Max(atOnce, Math.Min(request.InFlight, mine.ConcurrencyCounted));
        mine.Concurrency = atOnce;
        var share = ImmutableArray.CreateBuilder<int>(limits.Count);
        for (var i = 0; i < limits.Count; i++)
        {
            var index = i;
            var calls = Divide(limits[i].Calls, needy, mine, holding => holding.CallsCounted(index, now), now);
            mine.Take(i, calls, now + limits[i].Per + validFor, now);
            share.Add(calls);
        }

        if (atOnce == 0 || share.Contains(0))
        {
            mine.TurnSince = null;
        }
        else
        {
            mine.TurnSince ??= now;
        }

        mine.Until = now + validFor;
        return new BudgetLease(atOnce, share.MoveToImmutable(), validFor, validFor / 2, TimeSpan.Zero, null);
    }

    public void Release(ReleaseLease request, DateTimeOffset now)
    {
        if (_holdings.TryGetValue(request.Silo, out var mine))
        {
            mine.Needs = false;
            mine.Until = now;
            mine.Concurrency = 0;
            mine.InFlight = request.InFlight;
            mine.ConcurrencyCounted = Math.Min(mine.ConcurrencyCounted, request.InFlight);
            mine.TurnSince = null;
            for (var i = 0; i < limits.Count; i++)
            {
                mine.Take(i, 0, now + limits[i].Per, now);
            }
        }
    }

    /// <summary>How much of one limit this silo gets now.</summary>
    private int Divide(int whole, int needy, Holding mine, Func<Holding, int> counted, DateTimeOffset now)
    {
        var others = 0;
        var waitingOthers = false;
        foreach (var holding in _holdings.Values)
        {
            if (!ReferenceEquals(holding, mine))
            {
                others += counted(holding);
                waitingOthers |= holding.Needs;
            }
        }

        var free = Math.Max(0, whole - others);
        if (whole < needy)
        {
            // Too little to divide: its holder keeps all of it for a turn, then gives it up when others wait.
            var turnOver = waitingOthers && mine.TurnSince is { } since && now - since >= turn;
            return turnOver || free < whole ? 0 : whole;
        }

        // An even part, and what the even part of the modest ones leaves over.
        var even = whole / needy;
        var modest = 0;
        foreach (var holding in _holdings.Values)
        {
            if (!ReferenceEquals(holding, mine) && holding.Needs && holding.Wants < even)
            {
                modest += even - holding.Wants;
            }
        }

        var target = needy == 1 ? whole : Math.Min(whole - (needy - 1), Math.Max(1, even + modest));
        return Math.Min(target, free);
    }

    /// <summary>Forgets silos whose lease is over and whose last calls no longer count.</summary>
    private void Drop(DateTimeOffset now, string keep)
    {
        foreach (var (silo, holding) in _holdings)
        {
            if (holding.Until > now)
            {
                continue;
            }

            holding.Needs = false;
            holding.Concurrency = 0;
            holding.ConcurrencyCounted = 0; // its lease is over: it stopped, or it is gone with its calls
            if (silo != keep && Enumerable.Range(0, limits.Count).All(i => holding.CallsCounted(i, now) == 0))
            {
                _holdings.Remove(silo);
            }
        }
    }

    private sealed class Holding(int limits)
    {
        private readonly (int Calls, int Before, DateTimeOffset BeforeUntil, DateTimeOffset Until)[] _calls = new (int, int, DateTimeOffset, DateTimeOffset)[limits];

        public bool Needs { get; set; }

        public int Wants { get; set; }

        public int InFlight { get; set; }

        public int Concurrency { get; set; }

        public int ConcurrencyCounted { get; set; }

        public DateTimeOffset Until { get; set; }

        public DateTimeOffset? TurnSince { get; set; }

        /// <summary>Calls of one limit that may still fall into a window beginning now.</summary>
        public int CallsCounted(int limit, DateTimeOffset now)
        {
            var (calls, before, beforeUntil, until) = _calls[limit];
            return Math.Max(now < until ? calls : 0, now < beforeUntil ? before : 0);
        }

        public void Take(int limit, int calls, DateTimeOffset until, DateTimeOffset now)
        {
            var counted = CallsCounted(limit, now);
            _calls[limit] = calls >= counted ? (calls, 0, default, until) : (calls, counted, _calls[limit].Calls == calls ? _calls[limit].BeforeUntil : until, until);
        }
    }
}
