using System.Globalization;
using OrleansBulk.Jobs;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Jobs;

/// <summary>Jobs in words, for pages.</summary>
public static class JobWords
{
    /// <summary><c>Profile refresh</c> for <c>profile-refresh</c>.</summary>
    public static string Workload(string name) => char.ToUpperInvariant(name[0]) + name[1..].Replace('-', ' ');

    /// <summary>Enough of an id to tell jobs apart: its end. Ids of one minute begin alike.</summary>
    public static string ShortId(Guid id) => id.ToString("N")[^8..];

    /// <summary>The colour of a status, as a class of <c>app.css</c>.</summary>
    public static string Tone(string status) => status switch
    {
        "completed" => "good",
        "failed" => "bad",
        "paused" => "warn",
        "cancelled" => "quiet",
        _ => "busy",
    };

    /// <summary>The figures of a job in the order in which they are shown.</summary>
    public static IEnumerable<Figure> Figures(JobProgressView progress)
    {
        yield return new("Succeeded", PageWords.Number(progress.Succeeded), "succeeded");
        yield return new("Failed", PageWords.Number(progress.Failed), "failed");
        yield return new("Skipped", PageWords.Number(progress.Skipped), "skipped");
        yield return new("Cancelled", PageWords.Number(progress.Cancelled), "cancelled");
        yield return new("Pending", PageWords.Number(progress.Pending), "pending");
        yield return new("In flight", PageWords.Number(progress.InFlight));
        yield return new("Items per second", progress.RatePerSecond.ToString("N1", CultureInfo.InvariantCulture));
        yield return new("Calls made", PageWords.Number(progress.CallsMade));
        yield return new("Calls avoided", PageWords.Number(progress.CallsAvoided));
        yield return new("Calls repeated", PageWords.Number(progress.Retries));
    }

    /// <summary>What the job does now, or what became of it, in one sentence.</summary>
    public static string Sentence(JobView job, DateTimeOffset now)
    {
        var progress = job.Progress;
        return JobStatusExtensions.Parse(job.Status) switch
        {
            JobStatus.Queued => "It waits to be started.",
            JobStatus.Planning => "Its items are being listed; the first ones run already.",
            JobStatus.Running => Running(progress),
            JobStatus.Paused => progress.InFlight > 0 ? $"Nothing new is started; {PageWords.Number(progress.InFlight)} in flight come to their end." : "Nothing runs until it is resumed.",
            JobStatus.Completed => $"Every item has its outcome{Took(job, now)}.",
            JobStatus.Cancelled => $"It was cancelled{Took(job, now)}; what was done until then stays done.",
            _ => $"It stopped{Took(job, now)}; {PageWords.Number(progress.Pending)} items are pending and run when it is resumed.",
        };
    }

    private static string Running(JobProgressView progress)
    {
        if (progress.BoundBy is { } stall && stall.StartsWith("stalled", StringComparison.Ordinal))
        {
            return $"S{stall[1..]}.";
        }

        var doing = progress.Doing is { } busy ? $"{busy}: " : null;
        var left = progress.EtaSeconds is { } eta ? $"{PageWords.Range(eta.Low, eta.High)} left" : "How long it will take cannot be said yet";
        return progress.BoundBy is { } bound ? $"{doing}{left}; bounded by {bound}." : $"{doing}{left}.";
    }

    private static string Took(JobView job, DateTimeOffset now) => job.StartedAt is { } started ? $" after {PageWords.Took((job.FinishedAt ?? now) - started)}" : "";

    /// <param name="Kind">Its part of the bar, when it has one.</param>
    public sealed record Figure(string Name, string Value, string? Kind = null);
}
