using System.Diagnostics.CodeAnalysis;

namespace OrleansBulk.Jobs;

/// <summary>
/// Keeps work for which nobody waits out of people's way. While somebody is there, all such work of this silo takes turns, one short piece at a time, and after each it
/// rests nine times as long as the piece took, so that a request finds nine times of ten nothing in its way. While nobody is there it is not held at all. Safe for many
/// callers.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore has no wait handle, so there is nothing to give back.")]
public sealed class BackgroundPace(ForegroundGuard people, TimeProvider time)
{
    private const int RestTimes = 9;

    /// <summary>After a piece that took long all the same.</summary>
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _turn = new(1);
    private long _endedAt; // of the last piece, which was followed by a rest; whoever has the turn reads and writes these two
    private TimeSpan _rest;

    /// <summary>Whether background work is held back now.</summary>
    public bool IsHeld => people.AreHere;

    /// <summary>Waits until a piece of background work may begin; dispose the turn when it is done. A piece is one statement or one small transaction, and takes no further turn.</summary>
    public async ValueTask<Turn> EnterAsync(CancellationToken cancellationToken)
    {
        if (!people.AreHere)
        {
            return default;
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_rest - time.GetElapsedTime(_endedAt) is { Ticks: > 0 } rest && people.AreHere)
            {
                await Task.Delay(rest, time, cancellationToken);
            }
        }
        catch
        {
            _turn.Release();
            throw;
        }

        return new Turn(this, time.GetTimestamp());
    }

    private void Leave(long began)
    {
        var rest = time.GetElapsedTime(began) * RestTimes;
        (_endedAt, _rest) = (time.GetTimestamp(), rest < LongestRest ? rest : LongestRest);
        _turn.Release();
    }

    /// <summary>The right to do one piece of background work now; the default one is free and given back without a trace.</summary>
    public readonly struct Turn : IDisposable, IEquatable<Turn>
    {
        private readonly BackgroundPace? _pace;
        private readonly long _began;

        internal Turn(BackgroundPace pace, long began) => (_pace, _began) = (pace, began);

        public void Dispose() => _pace?.Leave(_began);

        public bool Equals(Turn other) => _pace == other._pace && _began == other._began;

        public override bool Equals(object? obj) => obj is Turn other && Equals(other);

        public override int GetHashCode() => HashCode.Combine(_pace, _began);

        public static bool operator ==(Turn left, Turn right) => left.Equals(right);

        public static bool operator !=(Turn left, Turn right) => !left.Equals(right);
    }
}

internal static class BackgroundPaces
{
    /// <summary>A turn of a pace; without one a free turn.</summary>
    public static ValueTask<BackgroundPace.Turn> TurnAsync(this BackgroundPace? pace, CancellationToken cancellationToken) => pace?.EnterAsync(cancellationToken) ?? default;
}
