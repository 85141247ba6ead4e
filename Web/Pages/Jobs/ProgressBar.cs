using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Jobs;

/// <summary>A job's bar of <see cref="Length"/> units. A kind that occurs at all has a unit, so that three failures in a million are seen.</summary>
public static class ProgressBar
{
    public const int Length = 1000;
    private const int Least = 4;

    /// <summary>The parts from left to right; what is pending is the rest.</summary>
    public static IReadOnlyList<Part> Parts(JobProgressView progress)
    {
        (string Kind, long Items)[] kinds = [("succeeded", progress.Succeeded), ("skipped", progress.Skipped), ("cancelled", progress.Cancelled), ("failed", progress.Failed)];
        var total = Math.Max(progress.Submitted, kinds.Sum(kind => kind.Items));
        var room = Length - (kinds.Count(kind => kind.Items > 0) * Least);
        var parts = new List<Part>(kinds.Length);
        var (items, from) = (0L, 0);
        foreach (var (kind, more) in kinds.Where(kind => kind.Items > 0))
        {
            items += more;
            var to = ((parts.Count + 1) * Least) + (int)Math.Round(room * (double)items / total);
            parts.Add(new Part(kind, from, to - from));
            from = to;
        }

        return parts;
    }

    public sealed record Part(string Kind, int From, int Width);
}
