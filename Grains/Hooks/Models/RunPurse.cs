using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Hooks.Models;

/// <summary>
/// The budget of one run: what a call can cost at most is set aside before it is made, and what it did cost is booked behind it. The sums are kept here and written before
/// a call is made, whole and not by how much they change, so a write that may or may not have gone through is simply made again. One purse holds a run at a time: opening it
/// takes the row from an earlier one, which can neither set aside nor book any more, and counts as spent what that one had set aside. Only the owner of the job may open one.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "The semaphore has no wait handle.")]
/// <param name="epoch">Under which the job is owned by who opens this.</param>
public sealed class RunPurse(Database database, Guid jobId, long epoch, HookBudget budget)
{
    private readonly Guid _holder = Guid.CreateVersion7();
    private readonly SemaphoreSlim _writing = new(1, 1); // one write at a time, so that an older sum never comes behind a newer one
    private readonly Lock _sync = new();
    private PurseShare _held; // by calls that are open
    private PurseShare _spent;
    private long _change; // number of the last change of the sums
    private long _written; // the change up to which they are in the database

    /// <summary>Sets aside what a call can cost.</summary>
    public async Task<PurseReply> HoldAsync(PurseShare most, CancellationToken cancellationToken)
    {
        if (!budget.IsLimited)
        {
            return new PurseHeld();
        }

        long change;
        lock (_sync)
        {
            var then = _spent + _held + most;
            if (then.Tokens > budget.Tokens || then.Money > budget.Money)
            {
                return _held.Tokens > 0 ? new PurseBusy("the budget is set aside for calls under way") : new PurseEmpty(budget.Words(_spent.Tokens, _spent.Money));
            }

            _held += most;
            change = ++_change;
        }

        var held = false;
        try
        {
            held = await WriteAsync(change, cancellationToken);
            return held ? new PurseHeld() : new PurseBusy("the run is in other hands");
        }
        finally
        {
            if (!held)
            {
                Change(most, default);
            }
        }
    }

    /// <summary>
    /// Books what a call did cost, and gives back what was set aside for it. The call is made and its answer good whatever the database does: while it is away the sums
    /// wait here, for the next call or <see cref="SettleAsync"/>.
    /// </summary>
    public async Task BookAsync(PurseShare most, PurseShare spent)
    {
        if (!budget.IsLimited)
        {
            return;
        }

        var change = Change(most, spent);
        try
        {
            await WriteAsync(change, CancellationToken.None);
        }
        catch (Exception error) when (Database.IsAway(error))
        {
            // Still to be written, as _written tells.
        }
    }

    private const string WriteSql = """
        -- name: WriteHookBudget
        UPDATE hook_runs SET held_tokens = $3, held_money = $4, spent_tokens = $5, spent_money = $6 WHERE job_id = $1 AND holder = $2
        """;

    /// <summary>Writes the sums inside a transaction where the database does not have them yet. Whether that commits is not known here, so they stay to be written.</summary>
    public async Task SettleAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (!await _writing.WaitAsync(0, cancellationToken))
        {
            return; // somebody writes them now; to wait for that with a connection in hand could be to wait for oneself
        }

        try
        {
            if (Sums(out var held, out var spent) > _written)
            {
                await WriteAsync(connection, held, spent, cancellationToken);
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Sees to it that a change is in the database. Changes that came meanwhile go with it.</summary>
    /// <returns>False: another purse holds the run.</returns>
    private async Task<bool> WriteAsync(long change, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            if (_written >= change)
            {
                return true;
            }

            await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
            var last = Sums(out var held, out var spent);
            if (await WriteAsync(connection, held, spent, cancellationToken) == 0)
            {
                return false;
            }

            _written = last;
            return true;
        }
        finally
        {
            _writing.Release();
        }
    }

    private Task<int> WriteAsync(NpgsqlConnection connection, PurseShare held, PurseShare spent, CancellationToken cancellationToken) =>
        connection.Sql(WriteSql).With(jobId).With(_holder).With(held.Tokens).With(held.Money).With(spent.Tokens).With(spent.Money).RunAsync(cancellationToken);

    private const string OpenSql = """
        -- name: OpenHookRun
        INSERT INTO hook_runs AS r (job_id, budget_tokens, budget_money, holder)
        SELECT id, $2, $3, $4 FROM jobs WHERE id = $1 AND epoch = $5 FOR SHARE
        ON CONFLICT (job_id) DO UPDATE SET holder = excluded.holder, spent_tokens = r.spent_tokens + r.held_tokens, spent_money = r.spent_money + r.held_money, held_tokens = 0, held_money = 0
        RETURNING spent_tokens, spent_money
        """;

    /// <summary>
    /// Begins or takes over, before the first call: what is still set aside is what calls took with them when their process died. The job stays with its owner until this
    /// is written, so an owner of yesterday who comes late takes nothing from the one of today.
    /// </summary>
    /// <exception cref="EpochFencedException">Another epoch owns the job.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        var opened = await connection.Sql(OpenSql).With(jobId).WithTyped(NpgsqlDbType.Bigint, budget.Tokens).WithTyped(NpgsqlDbType.Numeric, budget.Money).With(_holder).With(epoch)
            .ListAsync(row => new PurseShare(row.GetInt64(0), row.GetDecimal(1)), cancellationToken);
        lock (_sync)
        {
            _spent = opened is [var spent] ? spent : throw new EpochFencedException(jobId, epoch);
        }
    }

    private long Change(PurseShare free, PurseShare spent)
    {
        lock (_sync)
        {
            _held -= free;
            _spent += spent;
            return ++_change;
        }
    }

    private long Sums(out PurseShare held, out PurseShare spent)
    {
        lock (_sync)
        {
            (held, spent) = (_held, _spent);
            return _change;
        }
    }
}

/// <summary>A part of a budget.</summary>
public readonly record struct PurseShare(long Tokens, decimal Money)
{
    public static PurseShare operator +(PurseShare a, PurseShare b) => Add(a, b);

    public static PurseShare operator -(PurseShare a, PurseShare b) => Subtract(a, b);

    public static PurseShare Add(PurseShare a, PurseShare b) => new(a.Tokens + b.Tokens, a.Money + b.Money);

    public static PurseShare Subtract(PurseShare a, PurseShare b) => new(a.Tokens - b.Tokens, a.Money - b.Money);

    public static PurseShare Of(HookModelOptions model, ChatUsage usage) => new(usage.Total, model.CostOf(usage));
}

/// <summary>Whether there is room for a call. Closed: the records below.</summary>
public abstract record PurseReply;

public sealed record PurseHeld : PurseReply;

/// <summary>Not now: what calls under way may cost takes the room; when they are done there may be some.</summary>
/// <param name="Reason">What it waits for, in words.</param>
public sealed record PurseBusy(string Reason) : PurseReply;

/// <param name="Reason">A sentence: budget and what is spent of it.</param>
public sealed record PurseEmpty(string Reason) : PurseReply;
