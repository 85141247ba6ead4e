namespace OrleansBulk.Upstreams;

/// <summary>
/// How many calls at once an upstream bears, found by additive increase and multiplicative decrease below a ceiling that somebody set.
/// Starts at the ceiling, since the ceiling is what its owner allows; arithmetic only, no clock.
/// </summary>
internal sealed class AdaptiveConcurrency(int ceiling)
{
    private const double Cut = 0.7;
    private double _limit = ceiling;
    private bool _ramping;
    private long _nextCut = long.MinValue;

    /// <summary>Calls at once now, 1 to the ceiling.</summary>
    public int Limit => Math.Max(1, (int)_limit);

    public bool IsBelowCeiling => Limit < ceiling;

    /// <summary>A call went well: one more per round of calls, or, while ramping after a breaker, one more per call.</summary>
    public void Succeeded()
    {
        if (_limit >= ceiling)
        {
            return;
        }

        _limit = Math.Min(ceiling, _limit + (_ramping ? 1 : 1 / _limit));
        _ramping &= _limit < ceiling;
    }

    /// <summary>A 429, a 5xx or a time-out: fewer at once. The failures of one round count once.</summary>
    /// <param name="now">Ticks of the gate's clock.</param>
    /// <param name="round">How long a round of calls takes: within it no second cut is made.</param>
    public void Struggled(long now, TimeSpan round)
    {
        _ramping = false;
        if (now < _nextCut)
        {
            return;
        }

        _limit = Math.Max(1, _limit * Cut);
        _nextCut = now + Math.Max(round.Ticks, TimeSpan.TicksPerMillisecond * 200);
    }

    /// <summary>After a breaker: begin with one call and double with each round that goes well.</summary>
    public void Restart()
    {
        _limit = 1;
        _ramping = true;
    }
}
