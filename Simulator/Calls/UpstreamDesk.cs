using OrleansBulk.Simulator.Journals;

namespace OrleansBulk.Simulator.Calls;

/// <summary>The state of one upstream that outlives scenarios: who is being served, and its journal.</summary>
internal sealed class UpstreamDesk(Upstream upstream)
{
    private volatile UpstreamJournal _journal = new();
    private volatile TaskCompletionSource? _held;
    private int _inFlight;
    private int _working;

    public Upstream Upstream => upstream;

    public UpstreamJournal Journal => _journal;

    /// <summary>Calls that arrived and are not over.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    public int Enter() => Interlocked.Increment(ref _inFlight);

    public void Leave() => Interlocked.Decrement(ref _inFlight);

    public bool TryBeginWork(int most)
    {
        if (Interlocked.Increment(ref _working) <= most) return true;
        Interlocked.Decrement(ref _working);
        return false;
    }

    public void EndWork() => Interlocked.Decrement(ref _working);

    /// <summary>Lets the answers to calls that come from now on wait until what this returns is disposed. Calls that come after another hold has begun wait for that one alone.</summary>
    public IDisposable Hold()
    {
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _held = held;
        return new HeldAnswers(this, held);
    }

    /// <summary>Completes when a call that comes now may be answered.</summary>
    public Task LetGo => _held?.Task ?? Task.CompletedTask;

    public void ResetJournal() => _journal = new UpstreamJournal();

    private sealed class HeldAnswers(UpstreamDesk desk, TaskCompletionSource held) : IDisposable
    {
        public void Dispose()
        {
            Interlocked.CompareExchange(ref desk._held, null, held);
            held.TrySetResult();
        }
    }
}
