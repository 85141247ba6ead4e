using System.Collections.Concurrent;
using OrleansBulk.Simulator.Scenarios;

namespace OrleansBulk.Simulator.Limits;

/// <summary>What an upstream tells about a quota: the X-RateLimit headers, in values.</summary>
internal readonly record struct QuotaState(string Resource, int Limit, int Used, DateTimeOffset ResetsAt, bool Exceeded)
{
    public int Remaining => Limit - Used;

    /// <summary>Whether headers tell it.</summary>
    public bool Told { get; init; }
}

/// <summary>Counts the calls of each token and resource in their windows. A token is null for calls without one.</summary>
internal sealed class QuotaLedger(Quota quota)
{
    private readonly ConcurrentDictionary<(string? Token, string Resource), Account> _accounts = new();

    /// <summary>Takes one call, unless none is left.</summary>
    public QuotaState Take(string? token, string resource, DateTimeOffset now) => Change(token, resource, now, 1);

    /// <summary>Gives one call back: it turned out not to count.</summary>
    public QuotaState Return(string? token, string resource, DateTimeOffset now) => Change(token, resource, now, -1);

    public QuotaState Look(string? token, string resource, DateTimeOffset now) => Change(token, resource, now, 0);

    private QuotaState Change(string? token, string resource, DateTimeOffset now, int calls)
    {
        var account = _accounts.GetOrAdd((token, resource), static _ => new Account());
        var limit = token is null ? quota.AnonymousLimit : quota.Limit;
        lock (account)
        {
            if (account.ResetsAt <= now)
            {
                // The header carries whole seconds; a window that ended between two of them would let a client wait too short.
                account.ResetsAt = DateTimeOffset.FromUnixTimeSeconds((long)Math.Ceiling((now - DateTimeOffset.UnixEpoch).TotalSeconds + quota.WindowSeconds));
                account.Used = 0;
            }
            var exceeded = quota.Exhausted || (calls > 0 && account.Used >= limit);
            if (!exceeded) account.Used = Math.Max(0, account.Used + calls);
            return new QuotaState(resource, limit, quota.Exhausted ? limit : account.Used, account.ResetsAt, exceeded) { Told = quota.Headers };
        }
    }

    /// <summary>Its own lock guards it.</summary>
    private sealed class Account
    {
        public int Used;
        public DateTimeOffset ResetsAt;
    }
}
