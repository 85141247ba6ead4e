using OrleansBulk.Jobs;
using OrleansBulk.Web.Pages.Charts;

namespace OrleansBulk.Web.Pages.Jobs;

/// <summary>A job's charts: items finished, items in flight, and what failed, where something did.</summary>
public static class JobCharts
{
    private const int Fewest = 2;
    private const double Patience = 3; // times the usual distance of two points: beyond that the job did nothing in between

    public static IEnumerable<LineChart> Of(IReadOnlyList<TimelinePoint> points)
    {
        if (points.Count < Fewest)
        {
            yield break;
        }

        yield return LineChart.Of("Items finished a second", "items", "finished", Over(points, point => point.Finished / point.Seconds));
        yield return LineChart.Of("Items in flight", "items", "inflight", Over(points, point => point.InFlight / point.Seconds));
        if (points.Any(point => point.Failed > 0))
        {
            yield return LineChart.Of("Failures a second", "failures", "failures", Over(points, point => point.Failed / point.Seconds));
        }
    }

    /// <summary>One amount over time; where points are missing (a pause, a restart) it is nothing.</summary>
    private static List<ChartPoint> Over(IReadOnlyList<TimelinePoint> points, Func<TimelinePoint, double> of)
    {
        var usual = (points[^1].At - points[0].At) / (points.Count - 1);
        var line = new List<ChartPoint>(points.Count);
        foreach (var point in points.Where(point => point.Seconds > 0))
        {
            var began = point.At - TimeSpan.FromSeconds(point.Seconds);
            if (line.Count > 0 && point.At - line[^1].At > Patience * usual && began > line[^1].At)
            {
                line.Add(new ChartPoint(line[^1].At, 0));
                line.Add(new ChartPoint(began, 0));
            }

            line.Add(new ChartPoint(point.At, of(point)));
        }

        return line;
    }
}
