using OrleansBulk.Storage;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Jobs;

/// <summary>
/// Makes a point a second for the job's charts and writes them now and then. The pump's loop adds, the ticking worker writes; charts are no reason to hold up anything,
/// so points are dropped rather than waited for when the database is long away.
/// </summary>
internal sealed class JobSampler(ChunkStore chunks, TimeProvider time)
{
    private const int MostKept = 600;
    private static readonly TimeSpan Point = TimeSpan.FromSeconds(1);

    private readonly Lock _sync = new();
    private readonly List<JobSample> _points = []; // under the lock

    // Of the second that is running; the loop's.
    private long _since = time.GetTimestamp();
    private CallCost _cost = CallCost.None;
    private TimeSpan _database;
    private int _succeeded;
    private int _failed;
    private int _skipped;

    public void Spend(CallCost cost) => _cost += cost;

    public void Committed(long succeeded, long failed, long skipped, TimeSpan took)
    {
        _succeeded += (int)succeeded;
        _failed += (int)failed;
        _skipped += (int)skipped;
        _database += took;
    }

    /// <summary>Ends the second when it is over.</summary>
    public void Tick(Func<(int InFlight, string? BoundBy)> now)
    {
        if (time.GetElapsedTime(_since) >= Point)
        {
            Cut(now());
        }
    }

    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        JobSample[] points;
        lock (_sync)
        {
            points = [.. _points];
        }

        if (points.Length == 0)
        {
            return;
        }

        await chunks.WriteSamplesAsync(points, cancellationToken);
        lock (_sync)
        {
            _points.RemoveRange(0, Math.Min(points.Length, _points.Count));
        }
    }

    /// <summary>Writes what there is, the last part of a second included, if the database lets it.</summary>
    public async Task FlushAsync((int InFlight, string? BoundBy) now, CancellationToken cancellationToken)
    {
        Cut(now);
        try
        {
            await WriteAsync(cancellationToken);
        }
        catch (Exception error) when (Database.IsAway(error))
        {
            // the chart ends a few seconds early
        }
    }

    private void Cut((int InFlight, string? BoundBy) now)
    {
        var span = time.GetElapsedTime(_since);
        lock (_sync)
        {
            if (_points.Count == MostKept)
            {
                _points.RemoveAt(0);
            }

            _points.Add(new JobSample(time.GetUtcNow(), span, _succeeded, _failed, _skipped, now.InFlight, _cost, _database, now.BoundBy));
        }

        _since = time.GetTimestamp();
        (_cost, _database, _succeeded, _failed, _skipped) = (CallCost.None, TimeSpan.Zero, 0, 0, 0);
    }
}
