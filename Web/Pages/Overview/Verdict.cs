using OrleansBulk.Jobs;

namespace OrleansBulk.Web.Pages.Overview;

/// <summary>Whether all is well, in a sentence: the first thing that an operator reads.</summary>
/// <param name="Tone">good, warn or bad: a class of <c>app.css</c>.</param>
public sealed record Verdict(string Tone, string Sentence)
{
    /// <summary>So many jobs are counted; beyond that there are "more than" so many.</summary>
    public const int MostCounted = 100;

    /// <param name="jobs">Each counted up to one more than <see cref="MostCounted"/>.</param>
    /// <param name="failures">Of the last 24 hours, as the failed jobs are.</param>
    internal static Verdict Of((long Working, long Failed) jobs, IReadOnlyList<UpstreamHealth> upstreams, RecentFailures failures)
    {
        var troubles = new List<string>();
        var broken = upstreams.Where(upstream => upstream.Tone == "bad").Select(upstream => upstream.Name).ToArray();
        if (broken.Length > 0)
        {
            troubles.Add($"{string.Join(", ", broken)} {(broken.Length == 1 ? "does" : "do")} not answer as {(broken.Length == 1 ? "it" : "they")} should");
        }

        if (jobs.Failed > 0)
        {
            troubles.Add($"{Jobs(jobs.Failed)} stopped in the last 24 hours and {(jobs.Failed == 1 ? "waits" : "wait")} for you");
        }

        var work = jobs.Working == 0 ? "Nothing runs now" : $"{Jobs(jobs.Working)} {(jobs.Working == 1 ? "is" : "are")} at work";
        if (troubles.Count > 0)
        {
            return new Verdict("bad", $"{Capital(string.Join("; ", troubles))}. {Capital(work)}.");
        }

        return failures.Items > 0
            ? new Verdict("warn", $"{Capital(work)}. {(failures.IsMore ? "More than " : "")}{PageWords.Number(failures.Items)} {(failures.Items == 1 ? "item" : "items")} failed of causes met in the last 24 hours; everything else is well.")
            : new Verdict("good", $"All is well. {work}, and nothing failed in the last 24 hours.");
    }

    private static string Jobs(long count) => count == 1 ? "1 job" : count > MostCounted ? $"more than {MostCounted} jobs" : $"{PageWords.Number(count)} jobs";

    private static string Capital(string words) => char.ToUpperInvariant(words[0]) + words[1..];
}
