using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.Hooks.Models;

/// <summary>
/// The budget of one run: what a call can cost at most is set aside before it is made, and what it did cost is booked behind it. One row in the database decides, so the
/// budget holds over calls at once, over silos and over a crash: what a dead process had set aside counts as spent.
/// </summary>
public sealed class RunPurse(Database database, Guid jobId, HookBudget budget)
{
    private const string HoldSql = """
        -- name: HoldHookBudget
        UPDATE hook_runs SET held_tokens = held_tokens + $2, held_money = held_money + $3
        WHERE job_id = $1 AND (budget_tokens IS NULL OR spent_tokens + held_tokens + $2 <= budget_tokens) AND (budget_money IS NULL OR spent_money + held_money + $3 <= budget_money)
        """;

    private const string RoomSql = """
        -- name: LookAtHookBudget
        SELECT held_tokens > 0, spent_tokens, spent_money FROM hook_runs WHERE job_id = $1
        """;

    /// <summary>Sets aside what a call can cost.</summary>
    public async Task<PurseReply> HoldAsync(PurseShare most, CancellationToken cancellationToken)
    {
        if (!budget.IsLimited)
        {
            return new PurseHeld();
        }

        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        if (await connection.Sql(HoldSql).With(jobId).With(most.Tokens).With(most.Money).RunAsync(cancellationToken) == 1)
        {
            return new PurseHeld();
        }

        var room = await connection.Sql(RoomSql).With(jobId).FirstAsync(row => Tuple.Create(row.GetBoolean(0), row.GetInt64(1), row.GetDecimal(2)), cancellationToken);
        return room is { Item1: true } ? new PurseBusy() : new PurseEmpty(budget.Words(room?.Item2 ?? 0, room?.Item3 ?? 0));
    }

    private const string BookSql = """
        -- name: BookHookBudget
        UPDATE hook_runs SET held_tokens = GREATEST(held_tokens - $2, 0), held_money = GREATEST(held_money - $3, 0), spent_tokens = spent_tokens + $4, spent_money = spent_money + $5
        WHERE job_id = $1
        """;

    /// <summary>Books what a call did cost, and gives back what was set aside for it.</summary>
    public async Task BookAsync(PurseShare most, PurseShare spent)
    {
        if (budget.IsLimited)
        {
            await using var connection = await database.Bulk.OpenConnectionAsync(CancellationToken.None);
            await connection.Sql(BookSql).With(jobId).With(most.Tokens).With(most.Money).With(spent.Tokens).With(spent.Money).RunAsync(CancellationToken.None);
        }
    }

    private const string OpenSql = """
        -- name: OpenHookRun
        INSERT INTO hook_runs AS r (job_id, budget_tokens, budget_money) VALUES ($1, $2, $3)
        ON CONFLICT (job_id) DO UPDATE SET spent_tokens = r.spent_tokens + r.held_tokens, spent_money = r.spent_money + r.held_money, held_tokens = 0, held_money = 0
        """;

    /// <summary>Begins or takes over: nobody else makes calls for this run any more, so what is still set aside is what calls took with them when their process died.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await connection.Sql(OpenSql).With(jobId).WithTyped(NpgsqlDbType.Bigint, budget.Tokens).WithTyped(NpgsqlDbType.Numeric, budget.Money).RunAsync(cancellationToken);
    }
}

/// <summary>A part of a budget.</summary>
public readonly record struct PurseShare(long Tokens, decimal Money)
{
    public static PurseShare Of(HookModelOptions model, ChatUsage usage) => new(usage.Total, model.CostOf(usage));
}

/// <summary>Whether there is room for a call. Closed: the records below.</summary>
public abstract record PurseReply;

public sealed record PurseHeld : PurseReply;

/// <summary>Not now: what calls under way may cost takes the room; when they are done there may be some.</summary>
public sealed record PurseBusy : PurseReply;

/// <param name="Reason">A sentence: budget and what is spent of it.</param>
public sealed record PurseEmpty(string Reason) : PurseReply;
