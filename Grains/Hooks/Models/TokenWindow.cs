namespace OrleansBulk.Hooks.Models;

/// <summary>
/// Keeps the tokens of one key within its limit a minute, and within what the provider's headers say is left; or its requests, each a token. Arithmetic under a lock of its
/// own; it is told the time.
/// Counts what this silo sends; what other silos send is in the headers.
/// </summary>
internal sealed class TokenWindow(int? perMinute)
{
    private static readonly long Minute = TimeSpan.FromMinutes(1).Ticks + TimeSpan.FromSeconds(1).Ticks; // a second against jitter on the way

    private readonly Lock _sync = new();
    private readonly LinkedList<(long At, int Tokens)> _taken = new(); // oldest first
    private long _used;
    private long _open; // taken by calls that are not answered yet
    private long _left = long.MaxValue;
    private long _leftUntil;

    /// <summary>Whether one call may take so many at all.</summary>
    public bool Fits(int tokens) => perMinute is not { } limit || tokens <= limit;

    /// <summary>Takes tokens for a call; or answers how long to wait, and takes none.</summary>
    /// <param name="now">In ticks of a clock that does not jump.</param>
    public TimeSpan Take(int tokens, long now)
    {
        lock (_sync)
        {
            while (_taken.First is { } oldest && oldest.Value.At + Minute <= now)
            {
                _used -= oldest.Value.Tokens;
                _taken.RemoveFirst();
            }

            var wait = Math.Max(WaitForWindow(tokens, now), now < _leftUntil && _left < tokens ? _leftUntil - now : 0);
            if (wait > 0)
            {
                return TimeSpan.FromTicks(wait);
            }

            if (perMinute is not null)
            {
                _taken.AddLast((now, tokens));
                _used += tokens;
            }

            _open += tokens;
            _left = now < _leftUntil ? _left - tokens : long.MaxValue;
            return TimeSpan.Zero;
        }
    }

    /// <summary>A call that took so many has its answer.</summary>
    public void Answered(int tokens)
    {
        lock (_sync)
        {
            _open -= tokens;
        }
    }

    /// <summary>The call was not made: nothing was used of what it took.</summary>
    /// <param name="at">When it took them.</param>
    public void GiveBack(int tokens, long at)
    {
        lock (_sync)
        {
            _open -= tokens;
            _left = _left == long.MaxValue ? _left : _left + tokens;
            if (_taken.FindLast((at, tokens)) is { } taken)
            {
                _taken.Remove(taken);
                _used -= tokens;
            }
        }
    }

    /// <summary>The headers of an answer say how many are left. Calls that are under way may not be counted there yet.</summary>
    /// <param name="mine">What the call with this answer took.</param>
    public void Learn(long left, TimeSpan resetIn, int mine, long now)
    {
        lock (_sync)
        {
            (_left, _leftUntil) = (Math.Max(0, left - Math.Max(0, _open - mine)), now + resetIn.Ticks);
        }
    }

    private long WaitForWindow(int tokens, long now)
    {
        if (perMinute is not { } limit || _used + tokens <= limit)
        {
            return 0;
        }

        var free = limit - _used;
        foreach (var (at, taken) in _taken)
        {
            free += taken;
            if (free >= tokens)
            {
                return at + Minute - now;
            }
        }

        return Minute;
    }
}
