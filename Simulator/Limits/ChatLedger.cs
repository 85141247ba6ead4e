using System.Collections.Concurrent;
using OrleansBulk.Simulator.Scenarios;

namespace OrleansBulk.Simulator.Limits;

/// <summary>What is left of one limit: for the headers.</summary>
/// <param name="FullIn">Until all of it is there again.</param>
/// <param name="EnoughIn">Until there is as much as was asked for; nothing when there was.</param>
internal readonly record struct ChatRemainder(int Limit, int Remaining, TimeSpan FullIn, TimeSpan EnoughIn);

/// <summary>What a key may do yet with a model; null where it has no limit.</summary>
internal readonly record struct ChatAllowance(ChatRemainder? Requests, ChatRemainder? Tokens)
{
    public TimeSpan EnoughIn => TimeSpan.FromTicks(Math.Max(Requests?.EnoughIn.Ticks ?? 0, Tokens?.EnoughIn.Ticks ?? 0));
}

/// <summary>Counts the requests and tokens of each key and model in buckets that fill up evenly over a minute, as the providers do.</summary>
internal sealed class ChatLedger(IReadOnlyDictionary<string, ChatKey> keys)
{
    private readonly ConcurrentDictionary<(string Key, string Model), Account> _accounts = new();

    /// <summary>Takes a request with its tokens, when there is enough of both.</summary>
    public ChatAllowance Take(string key, string model, int tokens, DateTimeOffset now)
    {
        if (!keys.TryGetValue(key, out var limits)) return default;
        var account = _accounts.GetOrAdd((key, model), _ => new Account(limits, now));
        lock (account) return account.Take(tokens, now);
    }

    /// <summary>Its own lock guards it.</summary>
    private sealed class Account(ChatKey limits, DateTimeOffset now)
    {
        private readonly Bucket? _requests = limits.RequestsPerMinute is { } calls ? new Bucket(calls, now) : null;
        private readonly Bucket? _tokens = limits.TokensPerMinute is { } tokens ? new Bucket(tokens, now) : null;

        public ChatAllowance Take(int tokens, DateTimeOffset at)
        {
            var wait = TimeSpan.FromTicks(Math.Max(_requests?.Wait(1, at).Ticks ?? 0, _tokens?.Wait(tokens, at).Ticks ?? 0));
            return new ChatAllowance(_requests?.Take(wait > TimeSpan.Zero ? 0 : 1, 1, at), _tokens?.Take(wait > TimeSpan.Zero ? 0 : tokens, tokens, at));
        }
    }

    private sealed class Bucket(int limit, DateTimeOffset now)
    {
        private double _left = limit;
        private DateTimeOffset _at = now;

        public TimeSpan Wait(int wanted, DateTimeOffset at)
        {
            Fill(at);
            return _left >= wanted ? TimeSpan.Zero : Until(wanted);
        }

        public ChatRemainder Take(int taken, int wanted, DateTimeOffset at)
        {
            Fill(at);
            var enough = taken == 0 && _left < wanted ? Until(wanted) : TimeSpan.Zero;
            _left -= taken;
            return new ChatRemainder(limit, (int)Math.Floor(_left), Until(limit), enough);
        }

        private void Fill(DateTimeOffset at) => (_left, _at) = (Math.Min(limit, _left + (at - _at).TotalMinutes * limit), at);

        private TimeSpan Until(double amount) => TimeSpan.FromMinutes(Math.Max(0, amount - _left) / limit);
    }
}
