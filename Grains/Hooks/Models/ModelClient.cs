using OrleansBulk.CodingProfiles;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks.Models;

/// <summary>Asks one model, through the gate of one of its keys. A key that is refused is set aside and the next one asked; what is final, is final.</summary>
internal sealed class ModelClient(HookModelOptions model, IChatProvider provider, KeyRing ring, TimeSpan setAside, TimeProvider time)
{
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromMinutes(2); // an API that wants more than that is not asked again by its own clients

    public HookModelOptions Model => model;

    public KeyRing Ring => ring;

    /// <param name="charge">Told when a model may have worked on the ask.</param>
    /// <param name="onText">Told the answer's text as it comes; nothing after a try that broke off is part of it.</param>
    public async Task<CallResult> AskAsync(ChatAsk ask, CallBudget budget, ChatCharge charge, Action<string> onText, CancellationToken cancellationToken)
    {
        var tried = new HashSet<ModelKey>();
        var told = false;
        var cost = CallCost.None;
        CallDeferred? soonest = null;
        while (ring.Next(tried) is { } key)
        {
            tried.Add(key);
            if (!key.Tokens.Fits(ask.Weight))
            {
                return new CallMissing($"{model.Id}: more tokens than its limit", $"The request needs about {ask.Weight:N0} tokens; the limit is {model.TokensPerMinute:N0} a minute.") { Cost = cost };
            }

            var now = Ticks();
            var result = Take(key, ask, now) is { } used ? new CallDeferred(used.Wait, $"{model.Id}: its {used.Up} a minute are used up") { Attempts = budget.AttemptsSpent } : await CallAsync(key, now);
            cost += result.Cost;
            switch (result)
            {
                case CallRefused refused:
                    key.Account.SetAside(refused.Reason, time.GetUtcNow() + setAside);
                    if (told || charge.IsDue)
                    {
                        return new CallDeferred(TimeSpan.Zero, refused.Reason) { Cost = cost, Attempts = budget.AttemptsSpent }; // what was told must not come twice, and another call is another charge
                    }

                    break;
                case CallDeferred deferred when deferred.Attempts == budget.AttemptsSpent && !told:
                    ring.TakeBack(key, deferred.After); // another key may be free
                    soonest = soonest is null || deferred.After < soonest.After ? deferred : soonest;
                    break;
                default:
                    return result with { Cost = cost };
            }
        }

        return (soonest ?? (CallResult)new CallRefused($"No key of {model.Id} can be used: {ring.WhyNone() ?? "all of them were refused just now"}.")) with { Cost = cost };

        async Task<CallResult> CallAsync(ModelKey key, long taken)
        {
            var sent = false;
            try
            {
                return await key.Client.SendAsync(
                    budget,
                    () =>
                    {
                        var request = provider.Request(model, key.Secret!, ask);
                        request.Content = new WatchedContent(request.Content!, () =>
                        {
                            sent = true;
                            charge.Sent();
                        });
                        return request;
                    },
                    (response, stop) => ReadAsync(key, ask, charge, response, text =>
                    {
                        told = true;
                        onText(text);
                    }, stop),
                    cancellationToken);
            }
            finally
            {
                if (sent)
                {
                    key.Tokens.Answered(ask.Weight);
                    key.Requests.Answered(1);
                }
                else
                {
                    key.Tokens.GiveBack(ask.Weight, taken); // the gate let no call through, or nobody took it
                    key.Requests.GiveBack(1, taken);
                }
            }
        }
    }

    /// <summary>Takes what a call needs; or answers what is used up and for how long, and takes nothing.</summary>
    private static (TimeSpan Wait, string Up)? Take(ModelKey key, ChatAsk ask, long now)
    {
        if (key.Tokens.Take(ask.Weight, now) is { Ticks: > 0 } forTokens)
        {
            return (forTokens, "tokens");
        }

        if (key.Requests.Take(1, now) is { Ticks: > 0 } forRequest)
        {
            key.Tokens.GiveBack(ask.Weight, now);
            return (forRequest, "requests");
        }

        return null;
    }

    private async Task<CallResult> ReadAsync(ModelKey key, ChatAsk ask, ChatCharge charge, HttpResponseMessage response, Action<string> onText, CancellationToken cancellationToken)
    {
        Learn(key, ask, response);
        var streams = response.Content.Headers.ContentType?.MediaType == "text/event-stream";
        if (response.IsSuccessStatusCode && streams)
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            return await provider.ReadStreamAsync(model, stream, onText, cancellationToken);
        }

        var body = await UpstreamBody.ReadAsync(response.Content, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            var result = body.Kind == BodyKind.Json ? provider.ReadWhole(model, body.Bytes) : new CallGarbled($"{model.Id}: no JSON", $"Wanted was JSON; the answer begins with: {body.Excerpt()}");
            if (result is CallAnswered<ChatAnswer> answered)
            {
                onText(answered.Value.Text);
            }

            return result;
        }

        var status = (int)response.StatusCode;
        if (status < 500 || body.Kind == BodyKind.Json)
        {
            charge.Refused(); // said by the API itself; a page of the edge in its place may hide a model at work
        }

        return Failed(key, status, body, response);
    }

    private CallResult Failed(ModelKey key, int status, UpstreamBody body, HttpResponseMessage response)
    {
        var after = RetryAfter.Of(response.Headers, time.GetUtcNow());
        var fault = body.Kind == BodyKind.Json ? provider.ReadFault(status, body.Bytes)
            : new ChatFault(status is 408 or 429 or >= 500 ? ChatFaultKind.Trouble : ChatFaultKind.Final, $"HTTP {status}", $"The answer is no JSON; it begins with: {body.Excerpt()}");
        var mayRetry = RetryAfter.First(response.Headers, "x-should-retry");
        if (fault.Kind == ChatFaultKind.Final && mayRetry == "true")
        {
            fault = fault with { Kind = ChatFaultKind.Trouble };
        }

        if (fault.Kind is ChatFaultKind.Trouble or ChatFaultKind.Throttled && (mayRetry == "false" || after > LongestRetryAfter))
        {
            return new CallMissing($"{model.Id}: {fault.Name}", after > LongestRetryAfter ? $"{fault.Message} It wants to be asked again in {after.Value.TotalMinutes:0} minutes, which is too long to wait." : fault.Message);
        }

        if (fault.Kind == ChatFaultKind.Trouble && after is { } pause && pause > TimeSpan.Zero)
        {
            key.Client.Hold(pause, $"{model.Id} asked for a pause");
        }

        return fault.Result(model, after);
    }

    /// <summary>The headers say what is left: this holds calls before the limit is hit, not after.</summary>
    private void Learn(ModelKey key, ChatAsk ask, HttpResponseMessage response)
    {
        var left = provider.Remainders(response, time.GetUtcNow());
        if (left.Tokens is { } tokens)
        {
            key.Tokens.Learn(tokens.Left, tokens.ResetIn, ask.Weight, Ticks());
        }

        if (left.Requests is not { } requests || !response.IsSuccessStatusCode || requests.ResetIn <= TimeSpan.Zero)
        {
            return;
        }

        key.Requests.Learn(requests.Left, requests.ResetIn, 1, Ticks());
        if (requests.Left <= key.Client.InFlight - 1) // calls that are under way may not be counted there yet
        {
            key.Client.Hold(requests.ResetIn, $"{model.Id} has no request left");
        }
    }

    private long Ticks() => time.GetTimestamp() / (time.TimestampFrequency / TimeSpan.TicksPerSecond);
}
