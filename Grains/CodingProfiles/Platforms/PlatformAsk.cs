using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>One ask that needs several calls: they share its wait and its cost adds up.</summary>
internal sealed class PlatformAsk(UpstreamClient client, CallBudget budget, CancellationToken cancellationToken)
{
    private readonly long _started = client.Time.GetTimestamp();

    /// <summary>What the calls so far cost.</summary>
    public CallCost Cost { get; private set; } = CallCost.None;

    public async Task<CallResult> SendAsync(Func<HttpRequestMessage> request, Func<HttpResponseMessage, CancellationToken, Task<CallResult>> read)
    {
        var left = budget.WaitAtMost - client.Time.GetElapsedTime(_started);
        var result = await client.SendAsync(budget with { WaitAtMost = left > TimeSpan.Zero ? left : TimeSpan.Zero }, request, read, cancellationToken);
        Cost += result.Cost;
        return result with { Cost = Cost };
    }

    /// <summary>An answer put together from those of several calls; it took as many attempts as the call before it.</summary>
    public CallResult Answer(PlatformAnswer answer, CallResult last) => new CallAnswered<PlatformAnswer>(answer) { Cost = Cost, Attempts = last.Attempts };
}
