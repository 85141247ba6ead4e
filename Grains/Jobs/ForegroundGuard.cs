namespace OrleansBulk.Jobs;

/// <summary>
/// Lets people go first: told how long their requests take, it holds this silo's background work to a share of what it may do, less while they are slow and all of it
/// again soon after. Additive increase, multiplicative decrease, as for an upstream. Safe for many callers.
/// </summary>
public sealed class ForegroundGuard(ForegroundOptions options, TimeProvider time)
{
    public const double Least = 0.125;

    private const double More = 0.125;
    private const int FewestRequests = 3; // of one slow request nothing follows
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);

    /// <summary>Whoever reads a page asks for the next within this, or their page asks by itself.</summary>
    private static readonly TimeSpan Here = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private int _requests; // since the last step
    private int _slow;
    private long _steppedAt = time.GetTimestamp();
    private double _share = 1;
    private long _askedAt; // when somebody was answered last; 0: never

    /// <summary>How much of its concurrency background work may use now: 0.125 to 1.</summary>
    public double Share
    {
        get
        {
            if (Volatile.Read(ref _share) < 1)
            {
                lock (_lock)
                {
                    StepWhenDue();
                }
            }

            return Volatile.Read(ref _share);
        }
    }

    /// <summary>Somebody was answered within the last ten seconds.</summary>
    public bool AreHere => Volatile.Read(ref _askedAt) is not 0 and var at && time.GetElapsedTime(at) < Here;

    /// <summary>A person's request was answered after so long.</summary>
    public void Answered(TimeSpan took)
    {
        Volatile.Write(ref _askedAt, time.GetTimestamp());
        lock (_lock)
        {
            StepWhenDue();
            _requests++;
            _slow += took > options.Slow ? 1 : 0;
        }
    }

    /// <summary>So many of what background work could have at most; at least one.</summary>
    public int Of(int most) => Share is var share and < 1 ? Math.Max(1, (int)(most * share)) : most;

    private void StepWhenDue()
    {
        var steps = (long)(time.GetElapsedTime(_steppedAt) / Step);
        if (steps == 0)
        {
            return;
        }

        var isSlow = _requests >= FewestRequests && _slow * 5 > _requests; // more than one of five
        var raised = isSlow ? steps - 1 : steps; // steps in which nobody asked for anything
        var share = isSlow ? Math.Max(Least, _share / 2) : _share;
        Volatile.Write(ref _share, Math.Min(1, share + (raised * More)));
        (_requests, _slow, _steppedAt) = (0, 0, time.GetTimestamp());
    }
}
