using OrleansBulk.Jobs;

namespace OrleansBulk.Web.Pages.Jobs;

/// <summary>What an operator may tell a job, and how the pages speak of it.</summary>
/// <param name="Question">Asked back before it is done.</param>
/// <param name="Consequence">What it means for the items.</param>
/// <param name="Taken">Said when it was done; takes how many items it touched.</param>
public sealed record JobCommand(string Question, string Consequence, string Button, Func<long, string> Taken, Func<IJobGrain, string?, Task<CommandReply>> SendAsync)
{
    private static readonly JobCommand Pause = new(
        "Pause this job?", "Nothing new is started; what is in flight comes to its end. It can be resumed at any time.", "Pause the job",
        _ => "The job is paused.", (job, _) => job.PauseAsync());

    private static readonly JobCommand Resume = new(
        "Resume this job?", "It goes on with what is pending.", "Resume the job", _ => "The job goes on.", (job, _) => job.ResumeAsync());

    private static readonly JobCommand Cancel = new(
        "Cancel this job?", "What is done stays done. What is pending becomes cancelled, and that cannot be undone.", "Cancel the job",
        _ => "The job is cancelled.", (job, _) => job.CancelAsync());

    private static readonly JobCommand RetryFailed = new(
        "Retry the failed items?", "Failed items become pending again and the job goes on.", "Retry them",
        items => $"{PageWords.Number(items)} failed {(items == 1 ? "item is" : "items are")} tried again.", (job, cause) => job.RetryFailedAsync(new RetryFailed(cause)));

    /// <summary>By its name in the address; null when there is none.</summary>
    public static JobCommand? Find(string verb) => verb switch
    {
        "pause" => Pause,
        "resume" => Resume,
        "cancel" => Cancel,
        "retry-failed" => RetryFailed,
        _ => null,
    };
}
