using System.Security.Cryptography;
using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Ingest;

/// <summary>
/// One body on its way into staging: one transaction, from the first block of rows to the job that will merge them. A small body is read whole before it takes a
/// connection. For one caller at a time.
/// </summary>
public sealed class StagedIngest : IAsyncDisposable
{
    public const int MaxRows = int.MaxValue - 1;

    private const int BlockBytes = 96 * 1024;

    /// <summary>From here on a merge needs several transactions, each of which reads a part of the rows: worth an index (BRIN, some 40 ms for 500,000 rows).</summary>
    private const int ManyRows = ProfileIngest.RowsPerMerge;

    private readonly IngestIntake _intake;
    private readonly string? _key;
    private readonly IncrementalHash? _hash; // of all rows; only where a key must be held against them
    private readonly CopyRows _rows = new();
    private IDisposable? _place;
    private NpgsqlConnection? _connection;
    private NpgsqlTransaction? _transaction;
    private NpgsqlRawCopyStream? _copy;
    private bool _accepted;

    internal StagedIngest(IngestIntake intake, string? idempotencyKey)
    {
        (_intake, _key) = (intake, idempotencyKey);
        _hash = idempotencyKey is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    }

    /// <summary>The job that the rows will be merged by.</summary>
    public Guid JobId { get; } = Guid.CreateVersion7();

    /// <summary>Rows so far, rejected ones included: the index of the next.</summary>
    public int Rows { get; private set; }

    public int Rejected { get; private set; }

    /// <summary>Adds a valid row; all texts in UTF-8 without NUL.</summary>
    /// <param name="fullName">Empty: none.</param>
    /// <param name="extra">A JSON object; empty: none.</param>
    public void Add(ReadOnlySpan<byte> id, ReadOnlySpan<byte> username, ReadOnlySpan<byte> fullName, ReadOnlySpan<byte> extra) => _rows.Add(Rows++, id, username, fullName, extra);

    /// <summary>Adds a row that is not taken, for the ledger and the list of rejected ones.</summary>
    /// <param name="id">Its id, if it has a good one; else empty.</param>
    public void Reject(ReadOnlySpan<byte> id, string problem)
    {
        _rows.AddRejected(Rows++, id, problem);
        Rejected++;
    }

    /// <summary>Hands rows on when a block is full. Call it after each row.</summary>
    /// <exception cref="IngestBusyException">No place came free.</exception>
    public ValueTask FlushAsync(CancellationToken cancellationToken) => _rows.Length < BlockBytes ? ValueTask.CompletedTask : SendAsync(cancellationToken);

    /// <summary>
    /// The body is complete: stores the job with its rows and begins it. Answers when both are durable, with <see cref="JobTaken"/> or, where the idempotency key came with
    /// other rows before, <see cref="IdempotencyKeyReused"/>.
    /// </summary>
    public async Task<AcceptReply> AcceptAsync(string format, string? source, string createdBy, CancellationToken cancellationToken)
    {
        _rows.End();
        if (_copy is null)
        {
            await BeginAsync(cancellationToken); // nobody is waited for any more, so no place among those who receive is needed
        }

        await SendAsync(cancellationToken);
        await _copy!.DisposeAsync();
        var at = await _intake.StampAsync(cancellationToken);
        if (Rows > ManyRows)
        {
            await _connection!.Sql($"CREATE INDEX ON {StagingTable.Of(JobId)} USING brin (ord) WITH (pages_per_range = 32)").RunAsync(cancellationToken);
        }

        var spec = new IngestSpec(Rows, Rejected, format, source).ToJson();
        var job = new StagedJob(JobId, ProfileIngest.WorkloadName, spec, Rows, _key, _hash is null ? "staged" : Convert.ToHexStringLower(_hash.GetHashAndReset()), createdBy, at);
        var reply = await JobStore.AcceptStagedAsync(_connection!, job, cancellationToken);
        if (reply is not JobTaken { IsNew: true })
        {
            return reply; // what was staged is rolled back
        }

        await _transaction!.CommitAsync(cancellationToken);
        _accepted = true;
        await LeaveAsync();
        await _intake.BeginAsync(JobId, createdBy);
        return reply;
    }

    public async ValueTask DisposeAsync()
    {
        if (_copy is not null && !_accepted)
        {
            try
            {
                await _copy.CancelAsync();
                await _copy.DisposeAsync();
            }
            catch (Exception error) when (error is NpgsqlException or IOException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
            {
                // the COPY had ended or its connection is broken: the transaction ends either way, and nothing is kept
            }
        }

        await LeaveAsync();
        _hash?.Dispose();
    }

    private async ValueTask SendAsync(CancellationToken cancellationToken)
    {
        if (_copy is null)
        {
            _place = await _intake.EnterAsync(cancellationToken);
            await BeginAsync(cancellationToken);
        }

        _hash?.AppendData(_rows.Written.Span);
        await _copy!.WriteAsync(_rows.Written, cancellationToken);
        _rows.Clear();
    }

    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        _connection = await _intake.OpenAsync(cancellationToken);
        _transaction = await _connection.BeginTransactionAsync(cancellationToken);
        await _connection.Sql($"CREATE TABLE {StagingTable.Of(JobId)} (LIKE ingest_staging) WITH (autovacuum_enabled = false)").RunAsync(cancellationToken);
        _copy = await _connection.BeginRawBinaryCopyAsync(StagingTable.For(CopyRows.CopySql, JobId), cancellationToken);
    }

    private async Task LeaveAsync()
    {
        if (_transaction is not null)
        {
            await _transaction.DisposeAsync();
        }

        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        _place?.Dispose();
        (_transaction, _connection, _place) = (null, null, null);
    }
}
