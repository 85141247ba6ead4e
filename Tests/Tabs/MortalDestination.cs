using OrleansBulk.Tabs;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Tabs;

/// <summary>
/// What one process sees of a destination that outlives it. It dies at a call of the test's choice, before the call is made or after it was made and before anybody heard
/// of it: from then on no call of this process ends, until it is buried.
/// </summary>
internal sealed class MortalDestination(ITabDestination inner) : ITabDestination
{
    private readonly TaskCompletionSource _dead = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _buried = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left = int.MaxValue;
    private bool _after;

    public string Name => inner.Name;

    public string Place => inner.Place;

    public bool CanDrift => inner.CanDrift;

    public int RestoreRows => inner.RestoreRows;

    /// <summary>Completes when it has died.</summary>
    public Task Dead => _dead.Task;

    /// <summary>What becomes of the next publishing. Default: nothing in particular.</summary>
    public Action Publishing { get; set; } = () => { };

    /// <summary>Dies at the call after so many more.</summary>
    public void DieAfter(int calls, bool isDone) => (_after, _left) = (isDone, calls);

    /// <summary>Dies now.</summary>
    public void Die() => _dead.TrySetResult();

    /// <summary>Ends the calls of the dead one: nobody listens to it any more.</summary>
    public void Bury()
    {
        _dead.TrySetResult();
        _buried.TrySetResult();
    }

    public bool IsThere(TabDefinition tab) => inner.IsThere(tab);

    public bool TakeMade(TabDefinition tab) => inner.TakeMade(tab);

    public Task<CallResult> WriteAsync(TabDefinition tab, IReadOnlyList<TabRow> rows, CallBudget budget, CancellationToken cancellationToken) =>
        LiveAsync(() => inner.WriteAsync(tab, rows, budget, cancellationToken));

    public Task<CallResult> RestoreAsync(TabDefinition tab, int first, IReadOnlyList<TabRow> rows, bool isEnd, CallBudget budget, CancellationToken cancellationToken) =>
        LiveAsync(() => inner.RestoreAsync(tab, first, rows, isEnd, budget, cancellationToken));

    public Task PublishAsync(TabDefinition tab, IAsyncEnumerable<TabRow> rows, CancellationToken cancellationToken) => LiveAsync(async () =>
    {
        Publishing();
        await inner.PublishAsync(tab, rows, cancellationToken);
        return true;
    });

    private async Task<T> LiveAsync<T>(Func<Task<T>> call)
    {
        var isLast = Interlocked.Decrement(ref _left) < 0;
        if (_dead.Task.IsCompleted || (isLast && !_after))
        {
            await PerishAsync();
        }

        var result = await call();
        if (isLast || _dead.Task.IsCompleted)
        {
            await PerishAsync();
        }

        return result;
    }

    private async Task PerishAsync()
    {
        _dead.TrySetResult();
        await _buried.Task;
        throw new InvalidOperationException("This process is dead.");
    }
}
