using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>
/// Keeps the state of grains; registered as a keyed singleton under the name that <see cref="PersistentStateAttribute"/> gives.
/// Reading a record that does not exist leaves a new state, no ETag and <see cref="IGrainState{T}.RecordExists"/> false.
/// A write or clear whose ETag is not the stored one throws <see cref="InconsistentStateException"/>; otherwise it sets the new ETag.
/// </summary>
public interface IGrainStorage
{
    Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

    Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) =>
        ReadStateAsync(stateName, grainId, grainState);

    Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

    Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) =>
        WriteStateAsync(stateName, grainId, grainState);

    Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

    Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) =>
        ClearStateAsync(stateName, grainId, grainState);
}
