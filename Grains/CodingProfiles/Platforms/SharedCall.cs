using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>Asks for one profile in a call that others share, and keeps this ask's own limits: its time and its tries.</summary>
internal static class SharedCall
{
    public static async Task<CallResult> AskAsync(this BatchLoader<string> loader, UpstreamClient client, string handle, CallBudget budget, CancellationToken cancellationToken)
    {
        var options = client.Options;
        try
        {
            // A call waits as long as its most patient key; this one is back when it promised, and its answer is there for whoever asks next.
            var patience = budget.WaitAtMost < TimeSpan.FromDays(1) ? budget.WaitAtMost + options.Timeout : TimeSpan.FromDays(1);
            var result = await loader.LoadAsync(handle, budget).WaitAsync(patience, client.Time, cancellationToken);
            return result is CallDeferred { Reason: var reason } && result.Attempts > budget.AttemptsSpent && result.Attempts >= options.Attempts
                ? new CallTroubled($"{options.Name}: no answer after {options.Attempts} tries", reason) { Cost = result.Cost, Attempts = result.Attempts }
                : result;
        }
        catch (TimeoutException)
        {
            return new CallDeferred(TimeSpan.FromSeconds(1), $"{options.Name}: the call that others share takes longer than this one may wait") { Attempts = budget.AttemptsSpent };
        }
    }
}
