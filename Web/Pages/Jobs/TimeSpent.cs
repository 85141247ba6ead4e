using OrleansBulk.Jobs;

namespace OrleansBulk.Web.Pages.Jobs;

/// <summary>Where a job's time went: the largest part says why it is as slow as it is.</summary>
/// <param name="Parts">In the order in which they are shown; those that took no time are among them.</param>
public sealed record TimeSpent(IReadOnlyList<TimeSpent.Part> Parts)
{
    public TimeSpan All => Parts.Aggregate(TimeSpan.Zero, (sum, part) => sum + part.Took);

    /// <summary>The answer in words.</summary>
    public string Sentence
    {
        get
        {
            var most = Parts.MaxBy(part => part.Took)!;
            return All == TimeSpan.Zero ? "No time was spent yet." : $"{Math.Round(100 * Share(most)):0} % of it: {most.Name.ToLowerInvariant()}.";
        }
    }

    public static TimeSpent Of(IReadOnlyList<TimelinePoint> points)
    {
        return new TimeSpent(
        [
            new("Calls", "calling", Sum(point => point.Calling), "from a call until its answer"),
            new("Waiting for the limit", "limit", Sum(point => point.AtLimit), "the upstream allows no more calls at that moment"),
            new("Waiting to retry", "backoff", Sum(point => point.Backoff), "between two tries of one item"),
            new("Waiting for the breaker", "parked", Sum(point => point.Parked), "the upstream was in trouble and was left alone"),
            new("Database", "database", Sum(point => point.Database), "until results were committed"),
            new("Idle", "idle", Sum(point => point.Idle), "nothing was in flight"),
        ]);

        TimeSpan Sum(Func<TimelinePoint, TimeSpan> of) => points.Aggregate(TimeSpan.Zero, (sum, point) => sum + of(point));
    }

    public double Share(Part part) => All == TimeSpan.Zero ? 0 : part.Took / All;

    /// <summary>The parts of the bar: a thousand units wide, what took any time has a few of them.</summary>
    public IEnumerable<(string Kind, double X, double Width)> Bar()
    {
        var x = 0.0;
        foreach (var part in Parts.Where(part => part.Took > TimeSpan.Zero))
        {
            var width = Math.Round(Share(part) * 1000, 1);
            yield return (part.Kind, x, width);
            x = Math.Round(x + width, 1);
        }
    }

    /// <param name="Kind">Its colour, as a class of <c>app.css</c>.</param>
    public sealed record Part(string Name, string Kind, TimeSpan Took, string What);
}
