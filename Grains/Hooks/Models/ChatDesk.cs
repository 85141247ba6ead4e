using System.Collections.Concurrent;
using OrleansBulk.Storage;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks.Models;

/// <summary>
/// Where models are asked: an answer that is kept is given again, identical requests under way are one call, and nothing is asked that the run's budget does not allow.
/// </summary>
public sealed class ChatDesk(ModelClients clients, AnswerStore answers, ILogger<ChatDesk> log)
{
    private readonly ConcurrentDictionary<string, SharedAsk> _underWay = new(StringComparer.Ordinal);

    /// <summary>Asks a model once.</summary>
    /// <param name="purse">Pays when a call is made.</param>
    /// <param name="cacheFor">How old a kept answer may be; nothing: none is looked for.</param>
    /// <param name="onText">Told the text as it comes, one piece at a time.</param>
    public async Task<PaidResult> AskAsync(string model, ChatAsk ask, CallBudget budget, RunPurse purse, TimeSpan cacheFor, Action<string> onText, CancellationToken cancellationToken)
    {
        var client = clients.Get(model);
        ask = ask.For(client.Model);
        var fingerprint = ask.Fingerprint(client.Model);
        if (cacheFor > TimeSpan.Zero && await answers.FindAsync(fingerprint, cacheFor, cancellationToken) is { } kept)
        {
            onText(kept.Text);
            return new PaidResult(new CallAnswered<ChatAnswer>(kept) { Cost = CallCost.Spared, Attempts = budget.AttemptsSpent }, default);
        }

        var name = Convert.ToHexString(fingerprint);
        if (_underWay.TryGetValue(name, out var other) && other.TryJoin(onText))
        {
            return await JoinAsync(other, onText, budget, cancellationToken);
        }

        var most = PurseShare.Of(client.Model, ask.Most);
        switch (await purse.HoldAsync(most, cancellationToken))
        {
            case PurseEmpty empty:
                return new PaidResult(new CallMissing("budget used up", empty.Reason) { Attempts = budget.AttemptsSpent }, default);
            case PurseBusy busy:
                return new PaidResult(new CallDeferred(TimeSpan.FromMilliseconds(300), busy.Reason) { Attempts = budget.AttemptsSpent }, default);
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

    /// <summary>
    /// Keeps an answer for those who ask the same: only whoever asked knows whether it was any good. While the database is away it is not kept; it is paid for, and whoever
    /// asked goes on with it.
    /// </summary>
    public async Task KeepAsync(string model, ChatAsk ask, ChatAnswer answer, CancellationToken cancellationToken)
    {
        if (answer.Cached)
        {
            return;
        }

        try
        {
            var options = clients.Get(model).Model;
            await answers.KeepAsync(ask.For(options).Fingerprint(options), answer, cancellationToken);
        }
        catch (Exception error) when (Database.IsAway(error))
        {
            ChatDeskLog.NotKept(log, error, model);
        }
    }

    private static async Task<PaidResult> JoinAsync(SharedAsk other, Action<string> onText, CallBudget budget, CancellationToken cancellationToken) => new(
        (await other.WaitAsync(onText, cancellationToken)).Result switch
        {
            CallAnswered<ChatAnswer> answered => answered with { Value = answered.Value with { Joined = true }, Cost = CallCost.Spared, Attempts = budget.AttemptsSpent },
            var result => result with { Cost = CallCost.None },
        },
        default); // who began it pays

    private static async Task<PaidResult> CallAsync(ModelClient client, ChatAsk ask, CallBudget budget, RunPurse purse, PurseShare most, Action<string> say, CancellationToken nobody)
    {
        var charge = new ChatCharge();
        ChatUsage? counted = null;
        try
        {
            var result = await client.AskAsync(ask, budget, charge, say, nobody);
            counted = result is CallAnswered<ChatAnswer> { Value.Usage: { Total: > 0 } usage } ? usage : null;
            return new PaidResult(result, Spent());
        }
        finally
        {
            await purse.BookAsync(most, PurseShare.Of(client.Model, Spent()));
        }

        // Where nobody counted, the most that it can have been.
        ChatUsage Spent() => counted ?? (charge.IsDue ? ask.Most : default);
    }
}
