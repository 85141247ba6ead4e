using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>Lets an activation load its states without knowing their types.</summary>
internal interface ILoadOnActivation
{
    Task ReadStateAsync(CancellationToken cancellationToken);
}

/// <summary>
/// Binds one state to its activation. Operations run one after the other even when the grain interleaves: two overlapping writes
/// would otherwise fail each other's ETag.
/// </summary>
internal sealed class PersistentState<TState>(Activation activation, string name, IGrainStorage storage) : IPersistentState<TState>, ILoadOnActivation
{
    private delegate Task Operation(string name, GrainId id, IGrainState<TState> state, CancellationToken cancellationToken);

    private readonly GrainState<TState> _stored = new(New());
    private readonly SemaphoreSlim _one = new(1, 1);

    public TState State
    {
        get => _stored.State ??= New();
        set => _stored.State = value;
    }

    public string? Etag => _stored.ETag;

    public bool RecordExists => _stored.RecordExists;

    public Task ReadStateAsync() => ReadStateAsync(CancellationToken.None);

    public Task WriteStateAsync() => WriteStateAsync(CancellationToken.None);

    public Task ClearStateAsync() => ClearStateAsync(CancellationToken.None);

    public Task ReadStateAsync(CancellationToken cancellationToken) => RunAsync(storage.ReadStateAsync, "read", cancellationToken);

    public Task WriteStateAsync(CancellationToken cancellationToken) => RunAsync(storage.WriteStateAsync, "write", cancellationToken);

    public Task ClearStateAsync(CancellationToken cancellationToken) => RunAsync(storage.ClearStateAsync, "clear", cancellationToken);

    private static TState New() => Activator.CreateInstance<TState>();

    private async Task RunAsync(Operation operation, string verb, CancellationToken cancellationToken)
    {
        activation.RequireTurn($"State '{name}'", "Use it from the grain's own methods.");
        await _one.WaitAsync(cancellationToken);
        try
        {
            await operation(name, activation.Id, _stored, cancellationToken);
        }
        catch (Exception e) when (e is not OrleansException && !(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            // A storage's own exceptions (a driver's, say) have no serializer and would not cross: the other runtime wraps them just so.
            throw new OrleansException($"Storage {storage.GetType().Name} failed to {verb} state '{name}' of grain {activation.Id}: {e.Message}", e);
        }
        finally
        {
            _one.Release();
        }
    }
}
