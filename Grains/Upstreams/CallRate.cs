namespace OrleansBulk.Upstreams;

/// <summary>Counts calls in ten buckets of a second, for showing a rate. Not a limit: <see cref="CallWindow"/> is.</summary>
internal sealed class CallRate
{
    private const int Seconds = 10;
    private readonly int[] _counts = new int[Seconds];
    private long _second;

    public void Count(long now)
    {
        Advance(now);
        _counts[_second % Seconds]++;
    }

    public double PerSecond(long now)
    {
        Advance(now);
        return _counts.Sum() / (double)Math.Clamp(_second + 1, 1, Seconds);
    }

    private void Advance(long now)
    {
        var second = now / TimeSpan.TicksPerSecond;
        for (var steps = Math.Min(second - _second, Seconds); steps > 0; steps--)
        {
            _counts[(second - steps + 1) % Seconds] = 0;
        }

        _second = Math.Max(second, _second);
    }
}
