namespace OrleansBulk.Web.Metrics;

/// <summary>The numbers under one set of labels. Written by any thread without a lock, read by the one that writes the text.</summary>
internal sealed class MetricSeries(string labels, double[] bounds)
{
    // Per bucket, not cumulated; the last one is for what is above every bound. Empty for counters and gauges.
    private readonly long[] _buckets = bounds.Length == 0 ? [] : new long[bounds.Length + 1];
    private double _value;

    public string Labels => labels;

    /// <summary>The value of a counter or gauge, the sum of a histogram.</summary>
    public double Value => Volatile.Read(ref _value);

    /// <summary>The collection in which an observed series was last seen; those not seen any more are dropped.</summary>
    public int Round { get; set; }

    public void Set(double value) => Volatile.Write(ref _value, value);

    public void Add(double value)
    {
        var seen = Volatile.Read(ref _value);
        while (true)
        {
            var before = Interlocked.CompareExchange(ref _value, seen + value, seen);
            if (before.Equals(seen))
            {
                return;
            }

            seen = before;
        }
    }

    public void Record(double value)
    {
        var bucket = 0;
        while (bucket < bounds.Length && value > bounds[bucket])
        {
            bucket++;
        }

        Interlocked.Increment(ref _buckets[bucket]);
        Add(value);
    }

    /// <summary>How many values each bucket holds, the last one above every bound.</summary>
    public long[] Buckets() => Array.ConvertAll(_buckets, static count => count);
}
