using System.Net;
using System.Net.Sockets;

namespace OrleansBulk.Web.Accounts;

/// <summary>
/// Slows down guessing: per name and per address, each further failure doubles the time until the next attempt is looked at. An attempt counts as
/// failed from the moment it is admitted until it succeeds, so that many at once gain nothing. Kept in memory, in bounded space.
/// </summary>
public sealed class SignInThrottle(TimeProvider time)
{
    public const int MostEntries = 10_000;

    /// <summary>A name waits at most a minute: whoever guesses at it can hinder its owner no longer than that.</summary>
    public static readonly Rule ByName = new(Free: 5, First: TimeSpan.FromSeconds(1), Longest: TimeSpan.FromMinutes(1), Memory: TimeSpan.FromMinutes(15));

    /// <summary>An address may stand for many people, so more is free, and what comes after is slower.</summary>
    public static readonly Rule ByAddress = new(Free: 20, First: TimeSpan.FromSeconds(1), Longest: TimeSpan.FromMinutes(15), Memory: TimeSpan.FromHours(1));

    // Both under the lock.
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = [];

    /// <summary>Admits one attempt, or says how long to wait before the next; waiting attempts do not count.</summary>
    public TimeSpan Admit(string name, IPAddress? address)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            var (byName, byAddress) = (Find(NameKey(name), ByName, now), Find(AddressKey(address), ByAddress, now));
            var opensAt = byName.OpensAt > byAddress.OpensAt ? byName.OpensAt : byAddress.OpensAt;
            if (opensAt > now)
            {
                return opensAt - now;
            }

            byName.Count(ByName, now);
            byAddress.Count(ByAddress, now);
            return TimeSpan.Zero;
        }
    }

    /// <summary>The attempt that was admitted succeeded: the name is free again, and the address has one failure less.</summary>
    public void Succeeded(string name, IPAddress? address)
    {
        lock (_lock)
        {
            _entries.Remove(NameKey(name));
            if (_entries.TryGetValue(AddressKey(address), out var entry))
            {
                entry.Refund();
            }
        }
    }

    internal int Entries
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    private Entry Find(string key, Rule rule, DateTimeOffset now)
    {
        if (_entries.TryGetValue(key, out var known) && known.ForgottenAt > now)
        {
            return known;
        }

        if (known is null && _entries.Count >= MostEntries)
        {
            // Room for a tenth at once, so that a flood of names does not sort at every step. Those that would be forgotten first go first.
            foreach (var (old, _) in _entries.OrderBy(pair => pair.Value.ForgottenAt).Take(MostEntries / 10).ToList())
            {
                _entries.Remove(old);
            }
        }

        return _entries[key] = new(now + rule.Memory);
    }

    private static string NameKey(string name) => "name " + UserName.Key(name.Length > UserName.Longest ? name[..UserName.Longest] : name);

    private static string AddressKey(IPAddress? address)
    {
        if (address is { IsIPv4MappedToIPv6: true })
        {
            address = address.MapToIPv4();
        }

        // One household of IPv6 has a /64 to itself: counting single addresses would count nothing.
        return address is { AddressFamily: AddressFamily.InterNetworkV6 }
            ? "address " + Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8))
            : "address " + address;
    }

    /// <param name="Free">Attempts before the first wait.</param>
    /// <param name="First">The first wait; each next one is twice as long.</param>
    /// <param name="Longest">The longest wait.</param>
    /// <param name="Memory">After this time without an attempt all is forgotten.</param>
    public sealed record Rule(int Free, TimeSpan First, TimeSpan Longest, TimeSpan Memory);

    private sealed class Entry(DateTimeOffset forgottenAt)
    {
        private int _attempts;

        public DateTimeOffset OpensAt { get; private set; }

        public DateTimeOffset ForgottenAt { get; private set; } = forgottenAt;

        public void Count(Rule rule, DateTimeOffset now)
        {
            _attempts++;
            ForgottenAt = now + rule.Memory;
            if (_attempts >= rule.Free)
            {
                var wait = rule.First * Math.Pow(2, Math.Min(_attempts - rule.Free, 30));
                OpensAt = now + (wait < rule.Longest ? wait : rule.Longest);
            }
        }

        public void Refund()
        {
            _attempts = Math.Max(0, _attempts - 1);
            OpensAt = default;
        }
    }
}
