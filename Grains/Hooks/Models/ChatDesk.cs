using System.Collections.Concurrent;
using System.Text;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks.Models;

/// <summary>
/// Where models are asked: an answer that is kept is given again, identical requests under way are one call, and nothing is asked that the run's budget does not allow.
/// </summary>
public sealed class ChatDesk(ModelClients clients, AnswerStore answers)
{
    private readonly ConcurrentDictionary<string, SharedAsk> _underWay = new(StringComparer.Ordinal);

    /// <summary>Asks a model once.</summary>
    /// <param name="purse">Pays when a call is made.</param>
    /// <param name="cacheFor">How old a kept answer may be; nothing: none is looked for.</param>
    /// <param name="onText">Told the text as it comes, one piece at a time.</param>
    public async Task<CallResult> AskAsync(string model, ChatAsk ask, CallBudget budget, RunPurse purse, TimeSpan cacheFor, Action<string> onText, CancellationToken cancellationToken)
    {
        var client = clients.Get(model);
        var fingerprint = ask.Fingerprint(client.Model);
        if (cacheFor > TimeSpan.Zero && await answers.FindAsync(fingerprint, cacheFor, cancellationToken) is { } kept)
        {
            onText(kept.Text);
            return new CallAnswered<ChatAnswer>(kept) { Cost = CallCost.Spared, Attempts = budget.AttemptsSpent };
        }

        var name = Convert.ToHexString(fingerprint);
        if (_underWay.TryGetValue(name, out var other) && other.TryJoin(onText))
        {
            return await JoinAsync(other, onText, budget, cancellationToken);
        }

        var most = PurseShare.Of(client.Model, new ChatUsage(ask.MostInput, ask.MaxTokens));
        switch (await purse.HoldAsync(most, cancellationToken))
        {
            case PurseEmpty empty:
                return new CallMissing("budget used up", empty.Reason) { Attempts = budget.AttemptsSpent };
            case PurseBusy:
                return new CallDeferred(TimeSpan.FromMilliseconds(300), "the budget is set aside for calls under way") { Attempts = budget.AttemptsSpent };
        }

        var own = new SharedAsk();
        if (!own.TryJoin(onText))
        {
            throw new InvalidOperationException("A call that nobody has begun is over.");
        }

        var running = _underWay.GetOrAdd(name, own);
        if (running != own && running.TryJoin(onText))
        {
            await purse.BookAsync(most, default);
            return await JoinAsync(running, onText, budget, cancellationToken);
        }

        _underWay[name] = own; // the one that stood there is over
        _ = own.RunAsync((say, nobody) => CallAsync(client, ask, budget, purse, most, say, nobody)).ContinueWith(
            _ => _underWay.TryRemove(new KeyValuePair<string, SharedAsk>(name, own)), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return await own.WaitAsync(onText, cancellationToken);
    }

    /// <summary>Keeps an answer for those who ask the same: only whoever asked knows whether it was any good.</summary>
    public Task KeepAsync(string model, ChatAsk ask, ChatAnswer answer, CancellationToken cancellationToken) =>
        answer.Cached ? Task.CompletedTask : answers.KeepAsync(ask.Fingerprint(clients.Get(model).Model), answer, cancellationToken);

    private static async Task<CallResult> JoinAsync(SharedAsk other, Action<string> onText, CallBudget budget, CancellationToken cancellationToken) =>
        await other.WaitAsync(onText, cancellationToken) switch
        {
            CallAnswered<ChatAnswer> answered => answered with { Value = answered.Value with { Joined = true }, Cost = CallCost.Spared, Attempts = budget.AttemptsSpent },
            var result => result with { Cost = CallCost.None },
        };

    private static async Task<CallResult> CallAsync(ModelClient client, ChatAsk ask, CallBudget budget, RunPurse purse, PurseShare most, Action<string> say, CancellationToken nobody)
    {
        var said = 0;
        var spent = most; // until it is known better: a call that is given up may cost as much
        try
        {
            var result = await client.AskAsync(ask, budget, text =>
            {
                said += Encoding.UTF8.GetByteCount(text);
                say(text);
            }, nobody);
            spent = result switch
            {
                CallAnswered<ChatAnswer> { Value.Usage.Total: > 0 } answered => PurseShare.Of(client.Model, answered.Value.Usage),
                CallAnswered<ChatAnswer> => most, // a server that does not count
                _ when said > 0 => PurseShare.Of(client.Model, new ChatUsage(ask.MostInput, Math.Min(said, ask.MaxTokens))),
                _ => default, // providers do not charge for what they refuse
            };
            return result;
        }
        finally
        {
            await purse.BookAsync(most, spent);
        }
    }
}
