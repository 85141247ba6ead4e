namespace OrleansBulk.Upstreams;

/// <summary>What one silo holds of an upstream's budget, and what it said about its need. Arithmetic without clock or I/O.</summary>
internal sealed class BudgetHolding
{
    public BudgetHolding(string silo, int limits)
    {
        Silo = silo;
        Calls = [.. Enumerable.Range(0, limits).Select(_ => new GivenShares())];
    }

    public string Silo { get; }

    public GivenShares Concurrency { get; } = new();

    public GivenShares[] Calls { get; }

    /// <summary>It asks for shares: it neither gave them back nor fell silent.</summary>
    public bool IsLiving { get; private set; }

    /// <summary>It has calls, under way or waiting.</summary>
    public bool Needs { get; private set; }

    /// <summary>Calls at once that it could use, at least 1.</summary>
    public int Wants { get; private set; } = 1;

    /// <summary>Calls that may be under way until it reports again: those it reported, or as many as it may have begun since, under leases it still held then.</summary>
    public int Flying { get; private set; }

    /// <summary>When its lease, or the last of the calls it left behind, is over.</summary>
    public DateTimeOffset Until { get; private set; }

    /// <summary>Since when it holds what only one silo can hold at a time.</summary>
    public DateTimeOffset? TurnSince { get; set; }

    /// <summary>When its last turn ended.</summary>
    public DateTimeOffset LastTurn { get; private set; }

    public void Report(RenewLease request, DateTimeOffset until, DateTimeOffset now)
    {
        IsLiving = true;
        Needs = request.Waiting + request.InFlight > 0;
        Wants = Math.Max(1, request.Waiting + request.InFlight);
        Flying = Math.Max(request.InFlight, Concurrency.Counted(now));
        Until = until;
    }

    /// <summary>It gives its share back; its calls go on until then at most.</summary>
    public void Leave(int inFlight, DateTimeOffset until)
    {
        IsLiving = Needs = false;
        Flying = inFlight;
        Until = until;
    }

    public void Lapse(DateTimeOffset now)
    {
        IsLiving = Needs = false;
        Flying = 0;
        Concurrency.Clear();
        EndTurn(now);
    }

    public void EndTurn(DateTimeOffset now)
    {
        if (TurnSince is not null)
        {
            TurnSince = null;
            LastTurn = now;
        }
    }
}
