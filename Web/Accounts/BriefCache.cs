using System.Collections.Concurrent;

namespace OrleansBulk.Web.Accounts;

/// <summary>
/// Believes what was read for a short time, and lets requests that ask for the same thing at once share one read. The age counts from before the read, so
/// that a change is seen after <c>age</c> at the latest. A read that failed is not kept.
/// </summary>
/// <param name="most">So many are kept. The default is far more than there are users and keys; wrong keys fill it too, and must not fill memory.</param>
internal sealed class BriefCache<TKey, TValue>(TimeSpan age, TimeProvider time, int most = 10_000)
    where TKey : notnull
{
    // Written by whoever asks first, read by all.
    private readonly ConcurrentDictionary<TKey, Entry> _entries = new();

    public async Task<TValue> GetAsync(TKey key, Func<TKey, Task<TValue>> read, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_entries.TryGetValue(key, out var entry) && time.GetElapsedTime(entry.StartedAt) < age)
            {
                return await entry.Value.Value.WaitAsync(cancellationToken);
            }

            var fresh = new Entry(time.GetTimestamp(), new(() => read(key)));
            if (entry is null ? !_entries.TryAdd(key, fresh) : !_entries.TryUpdate(key, fresh, entry))
            {
                continue; // somebody else asks already
            }

            MakeRoom();
            try
            {
                return await fresh.Value.Value.WaitAsync(cancellationToken);
            }
            catch when (fresh.Value.Value.IsFaulted)
            {
                _entries.TryRemove(KeyValuePair.Create(key, fresh));
                throw;
            }
        }
    }

    /// <summary>Reads anew next time.</summary>
    public void Forget(TKey key) => _entries.TryRemove(key, out _);

    /// <summary>Reads everything anew next time.</summary>
    public void Clear() => _entries.Clear();

    private void MakeRoom()
    {
        if (_entries.Count > most)
        {
            _entries.Clear();
        }
    }

    private sealed record Entry(long StartedAt, Lazy<Task<TValue>> Value);
}
