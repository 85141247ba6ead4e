namespace OrleansBulk.Jobs;

/// <summary>
/// Lets people go first: told how long their requests take, it holds this silo's background work to a share of what it may do, less while they are slow and all of it
/// again soon after. Additive increase, multiplicative decrease, as for an upstream. Apart from that it knows whether anybody is there at all. Safe for many callers.
/// </summary>
public sealed class ForegroundGuard(ForegroundOptions options, TimeProvider time)
{
    public const double Least = 0.125;

    private const double More = 0.125;
    private const int FewestRequests = 3;
    private const int FewestSlow = 2; // of one slow request that is soon over nothing follows
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);

    /// <summary>Whoever reads a page asks for the next within this, or their page asks by itself.</summary>
    private static readonly TimeSpan Here = TimeSpan.FromSeconds(10);

    /// <summary>Slow requests count for so long, where few people ask: until enough have come to judge by.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly LinkedList<Waiting> _waiting = []; // the one that waits longest first
    private int _requests; // since they were judged by
    private int _slow;
    private long _countedSince;
    private long _steppedAt = time.GetTimestamp();
    private bool _isBusy; // requests wait, or slow ones were not judged by yet
    private double _share = 1;
    private long _heardAt; // when other processes said something last; 0: never
    private double _heardShare = 1;
    private int _open; // what people have open here: requests that are not answered to their end, streams of events among them
    private long _leftAt; // when the last of them ended; 0: never

    /// <summary>How much of its concurrency background work may use now: 0.125 to 1. What other processes of the cluster said counts like what is known here.</summary>
    public double Share => HeardOfOthers && Volatile.Read(ref _heardShare) is var heard && heard < OwnShare ? heard : OwnShare;

    /// <summary>Somebody has something open, or had within the last ten seconds, here or elsewhere.</summary>
    public bool AreHere => AreAtThisProcess || HeardOfOthers;

    /// <summary>What this process knows by itself.</summary>
    internal (bool AreHere, double Share) Own => (AreAtThisProcess, OwnShare);

    /// <summary>Somebody opens something. <see cref="Left"/> follows in any case.</summary>
    public void Came() => Interlocked.Increment(ref _open);

    /// <summary>What somebody opened is at its end.</summary>
    public void Left()
    {
        Volatile.Write(ref _leftAt, time.GetTimestamp()); // first: between the two they would be gone
        Interlocked.Decrement(ref _open);
    }

    /// <summary>People are at work in another process, and background work may use so much beside them; holds for ten seconds.</summary>
    internal void Heard(double share)
    {
        Volatile.Write(ref _heardShare, share);
        Volatile.Write(ref _heardAt, time.GetTimestamp());
    }

    private bool AreAtThisProcess => Volatile.Read(ref _open) > 0 || IsSince(Volatile.Read(ref _leftAt));

    private bool HeardOfOthers => IsSince(Volatile.Read(ref _heardAt));

    private bool IsSince(long at) => at != 0 && time.GetElapsedTime(at) < Here;

    private double OwnShare
    {
        get
        {
            if (Volatile.Read(ref _share) < 1 || Volatile.Read(ref _isBusy))
            {
                lock (_lock)
                {
                    StepWhenDue();
                }
            }

            return Volatile.Read(ref _share);
        }
    }

    /// <summary>A request has come that is to be quick. It counts as slow while it waits, and not only when it is answered: once it is slow, and again each second.</summary>
    public Waiting Asked()
    {
        lock (_lock)
        {
            StepWhenDue();
            var waiting = new Waiting(this, time.GetTimestamp());
            _waiting.AddLast(waiting.Place);
            Volatile.Write(ref _isBusy, true);
            return waiting;
        }
    }

    /// <summary>Such a request was answered after so long.</summary>
    public void Answered(TimeSpan took)
    {
        lock (_lock)
        {
            StepWhenDue();
            Count(took > options.Slow);
        }
    }

    /// <summary>So many of what background work could have at most; at least one.</summary>
    public int Of(int most) => Share is var share and < 1 ? Math.Max(1, (int)(most * share)) : most;

    private void End(Waiting waiting, TimeSpan took)
    {
        lock (_lock)
        {
            StepWhenDue();
            if (waiting.Place.List is null)
            {
                return; // it has ended already
            }

            _waiting.Remove(waiting.Place);
            if (waiting.Counted == 0)
            {
                Count(took > options.Slow);
            }

            Volatile.Write(ref _isBusy, _waiting.Count > 0 || _slow > 0);
        }
    }

    private void Count(bool isSlow)
    {
        if (_requests == 0)
        {
            _countedSince = time.GetTimestamp();
        }

        _requests++;
        _slow += isSlow ? 1 : 0;
        Volatile.Write(ref _isBusy, _waiting.Count > 0 || _slow > 0);
    }

    private void StepWhenDue()
    {
        var steps = (long)(time.GetElapsedTime(_steppedAt) / Step);
        if (steps == 0)
        {
            return;
        }

        CountWaiting();
        _steppedAt = time.GetTimestamp();
        if (_slow > 0 && _requests < FewestRequests && time.GetElapsedTime(_countedSince) < Patience)
        {
            return; // too few to tell yet: neither less nor more
        }

        var isSlow = _requests >= FewestRequests && _slow >= FewestSlow && _slow * 5 > _requests; // more than one of five
        var raised = isSlow ? steps - 1 : steps; // steps in which nobody asked for anything
        var share = isSlow ? Math.Max(Least, _share / 2) : _share;
        Volatile.Write(ref _share, Math.Min(1, share + ((_waiting.First?.Value.Counted > 0 ? 0 : raised) * More)));
        (_requests, _slow) = (0, 0);
        Volatile.Write(ref _isBusy, _waiting.Count > 0);
    }

    private void CountWaiting()
    {
        for (var place = _waiting.First; place is not null; place = place.Next)
        {
            var waited = time.GetElapsedTime(place.Value.Since);
            if (waited <= options.Slow)
            {
                return; // those behind it wait no longer
            }

            for (var counts = 1 + (int)(waited - options.Slow).TotalSeconds; place.Value.Counted < counts; place.Value.Counted++)
            {
                Count(isSlow: true);
            }
        }
    }

    /// <summary>A request that is not answered yet.</summary>
    public sealed class Waiting
    {
        private readonly ForegroundGuard _guard;

        internal Waiting(ForegroundGuard guard, long since) => (_guard, Since, Place) = (guard, since, new LinkedListNode<Waiting>(this));

        internal LinkedListNode<Waiting> Place { get; }

        internal long Since { get; }

        /// <summary>How often it counted as slow. Held by the guard's lock.</summary>
        internal int Counted { get; set; }

        /// <summary>It is answered, or has ended in trouble, after so long. Only the first time counts.</summary>
        public void End(TimeSpan took) => _guard.End(this, took);
    }
}
