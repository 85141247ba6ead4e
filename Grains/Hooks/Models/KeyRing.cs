namespace OrleansBulk.Hooks.Models;

/// <summary>Which of a model's keys makes the next call: the one that has made the fewest, of those that may. So several keys share the load evenly.</summary>
internal sealed class KeyRing(IReadOnlyList<ModelKey> keys, TimeProvider time)
{
    private readonly Lock _sync = new();

    public IReadOnlyList<ModelKey> Keys => keys;

    /// <summary>The next key, counted as given; null when every one was tried, has no secret or is set aside.</summary>
    public ModelKey? Next(HashSet<ModelKey> tried)
    {
        lock (_sync)
        {
            var now = time.GetUtcNow();
            ModelKey? best = null;
            foreach (var key in keys)
            {
                var away = key.Secret is null || key.Account.WhySetAside(now) is not null;
                if (!away && key.WasAway)
                {
                    key.Given = Math.Max(key.Given, keys.Where(other => !other.WasAway).Select(other => other.Given).DefaultIfEmpty().Max());
                }

                key.WasAway = away;
                if (!away && !tried.Contains(key) && (best is null || Order(key, now).CompareTo(Order(best, now)) < 0))
                {
                    best = key;
                }
            }

            if (best is not null)
            {
                best.Given++;
            }

            return best;
        }
    }

    /// <summary>The call was not made after all.</summary>
    public void TakeBack(ModelKey key, TimeSpan heldFor)
    {
        lock (_sync)
        {
            key.Given--;
            key.HeldUntil = time.GetUtcNow() + heldFor;
        }
    }

    /// <summary>Why no key can be used, key by key; null when one can.</summary>
    public string? WhyNone()
    {
        var now = time.GetUtcNow();
        var reasons = keys.Select(key => key.Secret is null ? $"{key.Account.KeyName} is not set in the environment" : key.Account.WhySetAside(now) is { } why ? $"{key.Account.KeyName} is set aside ({why})" : null).ToList();
        return reasons.Contains(null) ? null : string.Join("; ", reasons);
    }

    private static (bool Held, long Given) Order(ModelKey key, DateTimeOffset now) => (now < key.HeldUntil, key.Given);
}
