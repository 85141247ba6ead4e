using System.Globalization;

namespace OrleansBulk.Upstreams;

// Why no call may go now. Asked for with every call and every answer: words are made only for those who read them.
internal sealed partial class UpstreamGate
{
    private enum Cause
    {
        BreakerOpen,
        BreakerProbing,
        Hold,
        NoLease,
        CallLimit,
        Concurrency,
    }

    /// <param name="Until">Until when, as far as time decides it.</param>
    private sealed record Hindrance(Cause Cause, long? Until, CallLimit Limit = default)
    {
        public bool Parked => Cause is Cause.BreakerOpen or Cause.BreakerProbing;

        /// <summary>It holds back whoever comes, not only more of those who are there.</summary>
        public bool Hard => Parked || Cause == Cause.Hold;
    }

    private static readonly Hindrance Probing = new(Cause.BreakerProbing, null);
    private static readonly Hindrance NoLease = new(Cause.NoLease, null);
    private static readonly Hindrance Full = new(Cause.Concurrency, null);

    /// <summary>Null when a call may go.</summary>
    private Hindrance? Obstacle(long now)
    {
        if (!_breaker.Admits(now))
        {
            return _breaker.State == BreakerState.Open ? new Hindrance(Cause.BreakerOpen, _breaker.OpenUntil) : Probing;
        }

        if (now < _holdUntil)
        {
            return new Hindrance(Cause.Hold, _holdUntil);
        }

        if (now >= _leasedUntil || _leasedConcurrency == 0)
        {
            return NoLease;
        }

        foreach (var window in _windows)
        {
            if (window.NextFree() is not { } free)
            {
                return NoLease;
            }

            if (now < free)
            {
                return new Hindrance(Cause.CallLimit, free, window.Limit);
            }
        }

        return _inFlight < Math.Min(_adaptive.Limit, _leasedConcurrency) ? null : Full;
    }

    private string Words(Hindrance hindrance, long now)
    {
        var name = Options.Name;
        var concurrency = Math.Min(_adaptive.Limit, _leasedConcurrency);
        return hindrance.Cause switch
        {
            Cause.BreakerOpen => $"{name}: breaker open for {Seconds(hindrance, now)} more ({_breaker.Reason})",
            Cause.BreakerProbing => $"{name}: breaker probing ({_breaker.Reason})",
            Cause.Hold => $"{name} paused for {Seconds(hindrance, now)} more ({_holdReason})",
            Cause.NoLease => $"{name}: waiting for a share of its budget",
            Cause.CallLimit => string.Create(CultureInfo.InvariantCulture, $"{name} at {hindrance.Limit.PerSecond:0.##} calls/s"),
            _ when _adaptive.IsBelowCeiling => $"{name} at {concurrency} calls at once (lowered from {Options.Concurrency} because it struggles)",
            _ => $"{name} at {concurrency} calls at once",
        };
    }

    private static string Seconds(Hindrance hindrance, long now) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(TimeSpan.FromTicks((hindrance.Until ?? now) - now).TotalSeconds)} s");
}
