using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>Keeps states as JSON text in memory, for tests and trials: what does not survive JSON does not survive here either.</summary>
public sealed class MemoryGrainStorage : IGrainStorage
{
    private sealed record Row(string Json, string ETag);

    private readonly ConcurrentDictionary<(string State, GrainId Grain), Row> _rows = new();
    private long _version;

    public int Count => _rows.Count;

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        ArgumentNullException.ThrowIfNull(grainState);
        if (_rows.TryGetValue((stateName, grainId), out var row))
            (grainState.State, grainState.ETag, grainState.RecordExists) = (JsonSerializer.Deserialize<T>(row.Json), row.ETag, true);
        else
            Reset(grainState);
        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        ArgumentNullException.ThrowIfNull(grainState);
        var key = (stateName, grainId);
        var next = new Row(JsonSerializer.Serialize(grainState.State), Interlocked.Increment(ref _version).ToString(CultureInfo.InvariantCulture));
        _rows.TryGetValue(key, out var current);
        var written = current?.ETag == grainState.ETag && (current is null ? _rows.TryAdd(key, next) : _rows.TryUpdate(key, next, current));
        if (!written) throw Stale("write", key, grainState.ETag);
        (grainState.ETag, grainState.RecordExists) = (next.ETag, true);
        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        ArgumentNullException.ThrowIfNull(grainState);
        var key = (stateName, grainId);
        _rows.TryGetValue(key, out var current);
        var cleared = current?.ETag == grainState.ETag && (current is null || _rows.TryRemove(KeyValuePair.Create(key, current)));
        if (!cleared) throw Stale("clear", key, grainState.ETag);
        Reset(grainState);
        return Task.CompletedTask;
    }

    private static void Reset<T>(IGrainState<T> grainState) =>
        (grainState.State, grainState.ETag, grainState.RecordExists) = (Activator.CreateInstance<T>(), null, false);

    private InconsistentStateException Stale(string verb, (string State, GrainId Grain) key, string? found)
    {
        var stored = _rows.TryGetValue(key, out var row) ? row.ETag : null;
        return new InconsistentStateException(
            $"Cannot {verb} state '{key.State}' of grain {key.Grain}: it has ETag {stored ?? "none"}, the writer read {found ?? "none"}.", stored, found);
    }
}
