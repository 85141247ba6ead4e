using OrleansBulk.Jobs;

namespace OrleansBulk.Web.Pages.Charts;

/// <summary>Finished items minute by minute, as bars: what failed stands on top of the rest.</summary>
public sealed record MinuteChart(ChartScale Scale, IReadOnlyList<FinishedItems> Minutes)
{
    private const double Gap = 1.5;

    public static MinuteChart Of(IReadOnlyList<FinishedItems> minutes) =>
        new(ChartScale.Of(minutes[0].At, minutes[^1].At.AddMinutes(1), minutes.Max(minute => minute.All)), minutes);

    public long Items => Minutes.Sum(minute => minute.All);

    public string Summary
    {
        get
        {
            var most = Minutes.MaxBy(minute => minute.All)!;
            return $"Items finished in each minute of the last hour: {PageWords.Number(Items)} in all, {PageWords.Number(Minutes.Sum(minute => minute.Failed))} of them failed; at most {PageWords.Number(most.All)} a minute, at {PageWords.Clock(most.At)}.";
        }
    }

    public IEnumerable<Bar> Bars()
    {
        var width = Math.Round((double)ChartScale.Width / Minutes.Count, 1);
        foreach (var minute in Minutes)
        {
            var x = Scale.X(minute.At);
            var (all, failed) = (Scale.Y(minute.All), Scale.Y(minute.Failed));
            yield return new Bar(
                x, width, width - Gap, all, ChartScale.Height - all, Math.Round(Math.Max(ChartScale.Height - failed, minute.Failed > 0 ? 2 : 0), 1),
                $"{PageWords.Clock(minute.At)}: {PageWords.Number(minute.All)} items, {PageWords.Number(minute.Failed)} failed");
        }
    }

    /// <param name="Room">The width that answers to the pointer.</param>
    public sealed record Bar(double X, double Room, double Width, double Y, double Height, double Failed, string Words);
}
