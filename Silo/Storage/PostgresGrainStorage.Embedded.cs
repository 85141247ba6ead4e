using System.Globalization;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Orleans.Storage;

namespace OrleansBulk.Storage;

/// <summary>
/// Keeps the states of grains as JSON in <c>grain_state</c>, a row per grain and state. The ETag is the row's version. A row's first version is taken from the
/// clock, so a state that was cleared and written anew never has a version that an old writer could hold.
/// </summary>
internal sealed class PostgresGrainStorage(Database database) : IGrainStorage
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => ReadStateAsync(stateName, grainId, grainState, CancellationToken.None);

    private const string ReadSql = """
        -- name: ReadGrainState
        SELECT state, version FROM grain_state WHERE grain = $1 AND name = $2
        """;

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        await using var command = Command(ReadSql, grainId, stateName);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (await reader.ReadAsync(cancellationToken))
        {
            (grainState.State, grainState.ETag, grainState.RecordExists) = (JsonSerializer.Deserialize<T>(reader.GetString(0)), Text(reader.GetInt64(1)), true);
        }
        else
        {
            Reset(grainState);
        }
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => WriteStateAsync(stateName, grainId, grainState, CancellationToken.None);

    private const string InsertSql = """
        -- name: InsertGrainState
        INSERT INTO grain_state (grain, name, state, version)
        VALUES ($1, $2, $3, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
        ON CONFLICT (grain, name) DO NOTHING
        RETURNING version
        """;

    private const string UpdateSql = """
        -- name: UpdateGrainState
        UPDATE grain_state SET state = $3, version = version + 1, updated_at = now()
        WHERE grain = $1 AND name = $2 AND version = $4
        RETURNING version
        """;

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        await using var command = Command(grainState.ETag is null ? InsertSql : UpdateSql, grainId, stateName);
        command.Parameters.Add(new NpgsqlParameter { Value = JsonSerializer.Serialize(grainState.State), NpgsqlDbType = NpgsqlDbType.Json });
        if (grainState.ETag is { } etag)
        {
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Version(etag) });
        }

        var version = await command.ExecuteScalarAsync(cancellationToken) ?? throw await StaleAsync("write", stateName, grainId, grainState.ETag, cancellationToken);
        (grainState.ETag, grainState.RecordExists) = (Text((long)version), true);
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => ClearStateAsync(stateName, grainId, grainState, CancellationToken.None);

    private const string ClearSql = """
        -- name: ClearGrainState
        DELETE FROM grain_state WHERE grain = $1 AND name = $2 AND version = $3
        """;

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        if (grainState.ETag is { } etag)
        {
            await using var command = Command(ClearSql, grainId, stateName);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Version(etag) });
            if (await command.ExecuteNonQueryAsync(cancellationToken) == 0)
            {
                throw await StaleAsync("clear", stateName, grainId, etag, cancellationToken);
            }
        }
        else if (await StoredVersionAsync(stateName, grainId, cancellationToken) is not null)
        {
            throw await StaleAsync("clear", stateName, grainId, null, cancellationToken);
        }

        Reset(grainState);
    }

    private const string VersionSql = """
        -- name: ReadGrainStateVersion
        SELECT version FROM grain_state WHERE grain = $1 AND name = $2
        """;

    private async Task<long?> StoredVersionAsync(string stateName, GrainId grainId, CancellationToken cancellationToken)
    {
        await using var command = Command(VersionSql, grainId, stateName);
        return (long?)await command.ExecuteScalarAsync(cancellationToken);
    }

    private async Task<InconsistentStateException> StaleAsync(string verb, string stateName, GrainId grainId, string? found, CancellationToken cancellationToken)
    {
        var stored = await StoredVersionAsync(stateName, grainId, cancellationToken) is { } version ? Text(version) : null;
        return new InconsistentStateException($"Cannot {verb} state '{stateName}' of grain {grainId}: it has ETag {stored ?? "none"}, the writer read {found ?? "none"}.", stored, found);
    }

    private NpgsqlCommand Command(string sql, GrainId grainId, string stateName)
    {
        // The interactive lane: a state is small, and a gate that waits for it behind the commits of a job would stand still.
        var command = database.Interactive.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = grainId.ToString() });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = stateName });
        return command;
    }

    private static void Reset<T>(IGrainState<T> grainState) => (grainState.State, grainState.ETag, grainState.RecordExists) = (Activator.CreateInstance<T>(), null, false);

    private static string Text(long version) => version.ToString(CultureInfo.InvariantCulture);

    private static long Version(string etag) => long.Parse(etag, CultureInfo.InvariantCulture);
}
