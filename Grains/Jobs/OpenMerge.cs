using Npgsql;

namespace OrleansBulk.Jobs;

/// <summary>The transaction of one merge, from its first statement to its commit. Disposed before that, it is rolled back and its items stay pending.</summary>
internal sealed class OpenMerge : IAsyncDisposable
{
    private readonly NpgsqlTransaction _transaction;

    private OpenMerge(NpgsqlTransaction transaction, NpgsqlConnection connection) => (_transaction, Connection) = (transaction, connection);

    public NpgsqlConnection Connection { get; }

    public IReadOnlyList<MergeChunk> Chunks { get; private set; } = [];

    public MergeRange Range { get; private set; }

    /// <summary>No chunk was pending behind it.</summary>
    public bool IsLast { get; private set; }

    public static async Task<OpenMerge> BeginAsync(NpgsqlDataSource lane, CancellationToken cancellationToken)
    {
        var connection = await lane.OpenConnectionAsync(cancellationToken);
        try
        {
            return new OpenMerge(await connection.BeginTransactionAsync(cancellationToken), connection);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <exception cref="InvalidOperationException">The chunks do not follow each other.</exception>
    public void Take(IReadOnlyList<MergeChunk> chunks, bool isLast)
    {
        var (first, last) = (chunks[0], chunks[^1]);
        (Chunks, IsLast, Range) = (chunks, isLast, new MergeRange(first.First, chunks.Sum(chunk => chunk.Items)));
        if (last.First + last.Items != Range.First + Range.Items)
        {
            throw new InvalidOperationException($"The pending chunks {first.No} to {last.No} do not follow each other: they hold {Range.Items} items between ordinals {Range.First} and {last.First + last.Items}.");
        }
    }

    public Task CommitAsync(CancellationToken cancellationToken) => _transaction.CommitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await Connection.DisposeAsync();
    }
}

internal readonly record struct MergeChunk(int No, long First, int Items);
