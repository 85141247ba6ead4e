using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Overview;

/// <summary>Whether all is well, in a sentence: the first thing that an operator reads.</summary>
/// <param name="Tone">good, warn or bad: a class of <c>app.css</c>.</param>
public sealed record Verdict(string Tone, string Sentence)
{
    public static Verdict Of(IReadOnlyList<JobView> open, IReadOnlyList<JobView> failed, IReadOnlyList<UpstreamHealth> upstreams, long failedItems)
    {
        var troubles = new List<string>();
        var broken = upstreams.Where(upstream => upstream.Tone == "bad").Select(upstream => upstream.Name).ToArray();
        if (broken.Length > 0)
        {
            troubles.Add($"{string.Join(", ", broken)} {(broken.Length == 1 ? "does" : "do")} not answer as {(broken.Length == 1 ? "it" : "they")} should");
        }

        if (failed.Count > 0)
        {
            troubles.Add($"{Jobs(failed.Count)} of the last 24 hours stopped and {(failed.Count == 1 ? "waits" : "wait")} for you");
        }

        var running = open.Count(job => job.Status != "paused");
        var work = running == 0 ? "Nothing runs now" : $"{Jobs(running)} {(running == 1 ? "is" : "are")} at work";
        if (troubles.Count > 0)
        {
            return new Verdict("bad", $"{Capital(string.Join("; ", troubles))}. {work}.");
        }

        return failedItems > 0
            ? new Verdict("warn", $"{work}. {PageWords.Number(failedItems)} {(failedItems == 1 ? "item" : "items")} failed in the last 24 hours; everything else is well.")
            : new Verdict("good", $"All is well. {work}, and nothing failed in the last 24 hours.");
    }

    private static string Jobs(int count) => count == 1 ? "1 job" : $"{PageWords.Number(count)} jobs";

    private static string Capital(string words) => char.ToUpperInvariant(words[0]) + words[1..];
}
