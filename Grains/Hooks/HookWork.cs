using OrleansBulk.Hooks.Models;
using OrleansBulk.Jobs;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks;

/// <summary>What everything that is done for one run shares.</summary>
internal sealed record HookWork(JobTicket Job, HookSpec Spec, HookModels Models, ChatDesk Desk, RunPurse Purse, HookTally Tally, TimeProvider Time)
{
    /// <summary>An ask that waits longer at the gate comes back to the pump.</summary>
    private static readonly TimeSpan GateWait = TimeSpan.FromSeconds(5);

    public string Flow { get; } = Job.Id.ToString("D");

    public Task<PaidResult> AskAsync(string model, ChatAsk ask, int attemptsSpent, Action<string> onText, CancellationToken cancellationToken) =>
        Desk.AskAsync(model, ask, new CallBudget(new FlowTicket(Flow, Job.Concurrency), GateWait, attemptsSpent) { OneTry = true }, Purse, Spec.CacheFor, onText, cancellationToken);

    public void Tell(Func<HookProgress, JobNews> news)
    {
        var progress = Tally.Look();
        Job.Tell(news(progress));
        if (progress.IsOver)
        {
            Job.Tell(HookNews.Summary(progress));
        }
    }

    /// <summary>
    /// The one place where a call that brought no answer becomes an end, or a wait. A key that is refused, a provider that is down or a limit that lasts fail this item in
    /// words and leave the others alone.
    /// </summary>
    /// <param name="waitsSince">When the item first had to wait; set here. Until its first try it waits for nobody but its own job.</param>
    public (ItemDeferred? Wait, string? Cause, string? Error) End(string model, CallResult result, ref DateTimeOffset? waitsSince)
    {
        if (result is CallDeferred deferred)
        {
            var now = Time.GetUtcNow();
            return now + deferred.After - (waitsSince ??= now) <= Models.Options.Patience
                ? (new ItemDeferred(deferred.After, deferred.Reason, deferred.Attempts), null, null)
                : (null, $"{model}: waited too long", $"It waited for more than {Models.Options.Patience.TotalMinutes:0.#} minutes: {deferred.Reason}.");
        }

        return result switch
        {
            CallMissing missing => (null, missing.Cause, missing.Message),
            CallRefused refused => (null, $"{model}: no key can be used", refused.Reason),
            CallTroubled troubled => (null, troubled.Cause, troubled.Message),
            CallGarbled garbled => (null, garbled.Cause, garbled.Message),
            CallBlocked blocked => (null, $"{model}: blocked", blocked.Reason),
            CallThrottled throttled => (null, $"{model}: too many calls", throttled.Reason),
            _ => throw new InvalidOperationException($"{result.GetType().Name} is no end of a call."),
        };
    }
}
