using System.Globalization;
using System.Text;

namespace OrleansBulk.Web.Pages.Charts;

/// <summary>An amount over time, as a line with its ground. Drawn by the server as SVG: it needs no script, and words stand beside it in HTML, so that they keep their size.</summary>
/// <param name="Title">What the amount is, with its unit.</param>
/// <param name="Kind">Its colour, as a class of <c>app.css</c>.</param>
/// <param name="Summary">What it shows, in a sentence, for whoever does not see it.</param>
public sealed record LineChart(string Title, string Kind, string Summary, ChartScale Scale, IReadOnlyList<ChartPoint> Points)
{
    /// <param name="unit">What stands behind an amount: <c>items/s</c>.</param>
    public static LineChart Of(string title, string unit, string kind, IReadOnlyList<ChartPoint> points)
    {
        var scale = ChartScale.Of(points[0].At, points[^1].At, points.Max(point => point.Amount));
        var most = points.MaxBy(point => point.Amount)!;
        var summary = $"{title}: {Amount(points.Average(point => point.Amount))} {unit} on average, {Amount(most.Amount)} {unit} at most, at {PageWords.Clock(most.At)}; {Amount(points[^1].Amount)} {unit} last.";
        return new LineChart(title, kind, summary, scale, points);
    }

    public string Line => Path(closed: false);

    public string Ground => Path(closed: true);

    /// <summary>The part of the chart that answers to the pointer with one point: from halfway to the one before until halfway to the next.</summary>
    public IEnumerable<(double X, double Width, string Words)> Slices()
    {
        for (var i = 0; i < Points.Count; i++)
        {
            var from = i == 0 ? 0 : Middle(i - 1);
            var to = i == Points.Count - 1 ? ChartScale.Width : Middle(i);
            yield return (from, Math.Round(to - from, 1), $"{PageWords.Clock(Points[i].At)}: {Amount(Points[i].Amount)}");
        }
    }

    public static string Amount(double amount) => amount.ToString(amount is > 0 and < 10 ? "0.0" : "N0", CultureInfo.InvariantCulture);

    private double Middle(int i) => Math.Round((Scale.X(Points[i].At) + Scale.X(Points[i + 1].At)) / 2, 1);

    private string Path(bool closed)
    {
        var path = new StringBuilder();
        foreach (var point in Points)
        {
            path.Append(CultureInfo.InvariantCulture, $"{(path.Length == 0 ? 'M' : 'L')}{Scale.X(point.At)} {Scale.Y(point.Amount)}");
        }

        return closed ? path.Append(CultureInfo.InvariantCulture, $"L{Scale.X(Points[^1].At)} {ChartScale.Height}L{Scale.X(Points[0].At)} {ChartScale.Height}Z").ToString() : path.ToString();
    }
}

public sealed record ChartPoint(DateTimeOffset At, double Amount);
