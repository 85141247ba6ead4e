using System.Globalization;

namespace OrleansBulk.Jobs;

/// <summary>
/// Rates and the time that is left, from how many items were done when. Arithmetic only: it is told the time.
/// </summary>
internal sealed class ProgressMeter(TimeSpan stallAfter)
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(1); // of watching, before a time is named
    private readonly Queue<(TimeSpan At, long Done)> _points = new();
    private (TimeSpan At, long Done) _last;
    private TimeSpan? _advancedAt;

    /// <summary>So many items were done by now. Call it about ten times a second.</summary>
    public void Record(TimeSpan now, long done)
    {
        if (_advancedAt is null || done != _last.Done)
        {
            _advancedAt = now;
        }

        _last = (now, done);
        _points.Enqueue(_last);
        while (_points.Count > 2 && now - _points.Peek().At > Long)
        {
            _points.Dequeue();
        }
    }

    /// <summary>Items per second over about the last five seconds.</summary>
    public double RatePerSecond => RateOver(Short);

    /// <summary>How long no item has finished; null when that is not long enough to be called a stall.</summary>
    public TimeSpan? StalledFor => _advancedAt is { } at && _last.At - at >= stallAfter ? _last.At - at : null;

    /// <summary>
    /// The time left, between what the last seconds and the last minute would make of it, a tenth wider on either side; null in a stall, and before there is
    /// anything to tell it by.
    /// </summary>
    /// <param name="atLeast">What limits make of it, however fast it went: a quick upstream's burst says nothing about a slow one's items.</param>
    public EtaRange? Eta(long pending, TimeSpan atLeast = default)
    {
        if (pending == 0)
        {
            return new EtaRange(0, 0);
        }

        if (StalledFor is not null || _points.Count == 0 || _last.At - _points.Peek().At < Enough)
        {
            return null;
        }

        var (recent, lasting) = (RateOver(Short), RateOver(Long));
        var (fast, slow) = (Math.Max(recent, lasting), Math.Min(recent, lasting));
        slow = slow > 0 ? slow : fast; // nothing in the last seconds is a pause, not a stall yet
        return fast <= 0 ? null : new EtaRange(
            (long)Math.Floor(Math.Max(pending / fast, atLeast.TotalSeconds) * 0.9),
            (long)Math.Ceiling(Math.Max(pending / slow, atLeast.TotalSeconds) * 1.1));
    }

    /// <summary><c>stalled for 34 s: codeforces paused …</c>, or the reason alone.</summary>
    public string? Explain(string? boundBy) => StalledFor is { } stalled
        ? string.Create(CultureInfo.InvariantCulture, $"stalled for {stalled.TotalSeconds:0} s: {boundBy ?? "no item has finished"}")
        : boundBy;

    private double RateOver(TimeSpan window)
    {
        if (_points.Count < 2)
        {
            return 0;
        }

        var first = _points.Peek();
        foreach (var point in _points)
        {
            if (_last.At - point.At <= window)
            {
                break;
            }

            first = point;
        }

        var span = _last.At - first.At;
        return span > TimeSpan.Zero ? (_last.Done - first.Done) / span.TotalSeconds : 0;
    }
}
