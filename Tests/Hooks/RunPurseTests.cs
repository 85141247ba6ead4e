using OrleansBulk.Hooks;
using OrleansBulk.Hooks.Models;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web;

namespace OrleansBulk.Tests.Hooks;

/// <summary>The books of a run's budget, whatever the database does while calls are open.</summary>
public sealed class RunPurseTests(PostgresDatabase postgres) : IClassFixture<PostgresDatabase>
{
    private static readonly PurseShare Hundred = new(100, 1);
    private static readonly PurseShare Forty = new(40, 0.4m);

    [Fact]
    public async Task ABookingWhileTheDatabaseIsAway_IsNotLost_AndHoldsNothingForEver()
    {
        await using var door = DatabaseDoor.To(postgres.ConnectionString);
        await using var database = new Database(door.ConnectionString);
        var (id, purse) = await OpenAsync(database, tokens: 150);
        Assert.IsType<PurseHeld>(await purse.HoldAsync(Hundred, default));
        await door.CloseAsync();

        await purse.BookAsync(Hundred, Forty); // the call is made: its end is good without the database
        Assert.Equal((100, 0), await RowAsync(id));
        door.Open();

        Assert.IsType<PurseHeld>(await purse.HoldAsync(Hundred, default)); // 40 + 100 of 150
        Assert.Equal((100, 40), await RowAsync(id));
    }

    [Fact]
    public async Task ABookingThatWaits_GoesIntoTheNextCommit()
    {
        await using var door = DatabaseDoor.To(postgres.ConnectionString);
        await using var database = new Database(door.ConnectionString);
        var (id, purse) = await OpenAsync(database, tokens: 150);
        await purse.HoldAsync(Hundred, default);
        await door.CloseAsync();
        await purse.BookAsync(Hundred, Forty);

        await using (var connection = await postgres.Database.Bulk.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await purse.SettleAsync(connection, default);
            await transaction.RollbackAsync();
            Assert.Equal((100, 0), await RowAsync(id));
            await purse.SettleAsync(connection, default); // a commit that did not go through settled nothing
        }

        Assert.Equal((0, 40), await RowAsync(id));
    }

    [Fact]
    public async Task AHoldThatCannotBeWritten_IsNoHold()
    {
        await using var door = DatabaseDoor.To(postgres.ConnectionString);
        await using var database = new Database(door.ConnectionString);
        var (id, purse) = await OpenAsync(database, tokens: 100);
        await door.CloseAsync();

        var error = await Assert.ThrowsAnyAsync<Exception>(() => purse.HoldAsync(Hundred, default));
        Assert.True(Database.IsAway(error));
        door.Open();

        Assert.IsType<PurseHeld>(await purse.HoldAsync(Hundred, default));
        Assert.Equal((100, 0), await RowAsync(id));
    }

    [Fact]
    public async Task APurseThatWasTakenOver_CanNeitherHoldNorBook()
    {
        var (id, old) = await OpenAsync(postgres.Database, tokens: 1000);
        await old.HoldAsync(Hundred, default);

        var purse = Purse(postgres.Database, id, 1000);
        await purse.OpenAsync(default);

        Assert.Equal((0, 100), await RowAsync(id)); // what the old one had set aside is spent
        Assert.IsType<PurseBusy>(await old.HoldAsync(Hundred, default));
        await old.BookAsync(Hundred, Forty);
        Assert.IsType<PurseHeld>(await purse.HoldAsync(Hundred, default));
        Assert.Equal((100, 100), await RowAsync(id));
    }

    [Fact]
    public async Task AnOwnerOfYesterday_CannotOpenThePurseOfToday()
    {
        var (id, _) = await OpenAsync(postgres.Database, tokens: 1000);
        await postgres.ExecuteAsync($"UPDATE jobs SET epoch = epoch + 1 WHERE id = '{id}'"); // somebody takes the job over
        var today = new RunPurse(postgres.Database, id, 1, new HookBudget(1000, null));
        await today.OpenAsync(default);
        Assert.IsType<PurseHeld>(await today.HoldAsync(Hundred, default));

        await Assert.ThrowsAsync<EpochFencedException>(() => Purse(postgres.Database, id, 1000).OpenAsync(default));

        Assert.Equal((100, 0), await RowAsync(id));
        Assert.IsType<PurseHeld>(await today.HoldAsync(Hundred, default));
    }

    [Fact]
    public async Task ManyCallsAtOnce_HoldNoMoreThanThereIs()
    {
        var (id, purse) = await OpenAsync(postgres.Database, tokens: 1000);

        var replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => purse.HoldAsync(Hundred, default))));

        Assert.Equal(10, replies.OfType<PurseHeld>().Count());
        Assert.Equal((1000, 0), await RowAsync(id));
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => purse.BookAsync(Hundred, Hundred))));
        Assert.Equal((0, 1000), await RowAsync(id));
        Assert.Contains("1,000 of 1,000 tokens", Assert.IsType<PurseEmpty>(await purse.HoldAsync(Forty, default)).Reason, StringComparison.Ordinal);
    }

    private async Task<(Guid Id, RunPurse Purse)> OpenAsync(Database database, long tokens)
    {
        var id = Guid.CreateVersion7();
        await postgres.ExecuteAsync($"INSERT INTO jobs (id, workload, spec, status, mode, max_concurrency, request_hash, created_by) VALUES ('{id}', 'hook-generation', '{{}}', 'running', 'standard', 10, '', 'test')");
        var purse = Purse(database, id, tokens);
        await purse.OpenAsync(default);
        return (id, purse);
    }

    private static RunPurse Purse(Database database, Guid id, long tokens) => new(database, id, 0, new HookBudget(tokens, null));

    private async Task<(long Held, long Spent)> RowAsync(Guid id) =>
        (await postgres.QueryAsync<long>($"SELECT held_tokens FROM hook_runs WHERE job_id = '{id}'"), await postgres.QueryAsync<long>($"SELECT spent_tokens FROM hook_runs WHERE job_id = '{id}'"));
}
