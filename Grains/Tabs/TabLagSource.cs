using OrleansBulk.Storage;

namespace OrleansBulk.Tabs;

/// <summary>
/// Asks the source how much waits, for who looks: over a connection of its own and with little patience, so that it neither waits for a sync nor takes its connections.
/// A tab is asked once in five seconds, however many look, one after the other. Whoever looks gets what was last known of the place, at once; they wait only when nothing
/// is known of it, after a sync say.
/// </summary>
public sealed class TabLagSource(string connectionString, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Rows that wait are counted so far.</summary>
    public const int MostCounted = 10_000;

    private static readonly TimeSpan Age = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5); // of who waits

    private readonly TabSource _source = new(connectionString, new TabOptions { QueryTimeout = TimeSpan.FromSeconds(1) }, connections: 1, patienceSeconds: 2);
    private readonly SemaphoreSlim _one = new(1, 1); // held by who asks the source
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Look> _looks = new(StringComparer.Ordinal); // by tab; held by the lock

    /// <summary>How much waits behind a place.</summary>
    public async Task<TabLagView> ReadAsync(TabDefinition tab, TabPlace? after, CancellationToken cancellationToken)
    {
        Look look;
        lock (_lock)
        {
            if (!_looks.TryGetValue(tab.Name, out look!) || look.After != after || (look.Reading.IsCompleted && time.GetElapsedTime(look.StartedAt) >= Age))
            {
                var isKnown = look?.Last is not null && look.After == after;
                _looks[tab.Name] = look = new Look(after, time.GetTimestamp(), look?.Last ?? look?.Before, isKnown, AskAsync(tab, after));
            }
        }

        if (!look.IsKnown)
        {
            await Task.WhenAny(look.Reading, Task.Delay(Patience, cancellationToken)); // a time-out of who looks; the question goes on
            cancellationToken.ThrowIfCancellationRequested();
        }

        return look.Last
            ?? (look.IsKnown && time.GetElapsedTime(look.StartedAt) < Patience ? look.Before : null)
            ?? new TabLagView(look.Before?.Lag, look.Before?.At, "The source has not answered yet.", IsWrong: false);
    }

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        _one.Dispose();
    }

    private async Task<TabLagView> AskAsync(TabDefinition tab, TabPlace? after)
    {
        await Task.Yield(); // the lock is held by who asks
        await _one.WaitAsync();
        try
        {
            return new TabLagView(await _source.ReadLagAsync(tab, after, MostCounted + 1, CancellationToken.None), time.GetUtcNow(), null, false); // shared, so it does not end with the first who asked
        }
        catch (InvalidTabException error)
        {
            return new TabLagView(null, null, error.Message, IsWrong: !error.MayPass);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <param name="Before">What was last known.</param>
    /// <param name="IsKnown">That is about the same place.</param>
    private sealed record Look(TabPlace? After, long StartedAt, TabLagView? Before, bool IsKnown, Task<TabLagView> Reading)
    {
        /// <summary>The last answer, with the last lag that was ever read; null while there is none.</summary>
        public TabLagView? Last => Reading is { IsCompletedSuccessfully: true, Result: var read } ? read.Lag is null && Before is not null ? read with { Lag = Before.Lag, At = Before.At } : read : null;
    }
}

/// <summary>How much waits in the source, as far as it is known.</summary>
/// <param name="Lag">Null: it was never known.</param>
/// <param name="At">When it was so.</param>
/// <param name="Problem">Why it is not known now; null: it is.</param>
/// <param name="IsWrong">The tab's query is wrong: waiting does not help.</param>
public sealed record TabLagView(TabLag? Lag, DateTimeOffset? At, string? Problem, bool IsWrong);
