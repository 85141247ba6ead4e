using Microsoft.Extensions.Logging.Abstractions;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Jobs;

/// <summary>What the processes of a cluster tell each other of people at work.</summary>
public sealed class ForegroundBoardTests
{
    [Fact]
    public async Task PeopleAtAnotherProcess_HoldTheJobsOfThisOneBack_UntilTheyAreGone()
    {
        await using var postgres = await PostgresDatabase.CreateAsync();
        var clock = new ManualTime();
        var (web, silo) = (new ForegroundGuard(new ForegroundOptions(), clock), new ForegroundGuard(new ForegroundOptions(), clock));
        using var webBoard = Board(postgres.Database, web, "web", clock);
        using var siloBoard = Board(postgres.Database, silo, "silo", clock);

        await LookAsync();
        Assert.Equal((false, 1), (silo.AreHere, silo.Share));

        web.Came();
        web.Left();
        await LookAsync();
        Assert.Equal((true, 1), (silo.AreHere, silo.Share));

        foreach (var _ in Enumerable.Range(0, 5))
        {
            web.Answered(TimeSpan.FromSeconds(1));
        }

        clock.Advance(TimeSpan.FromMilliseconds(500));
        await LookAsync();
        Assert.Equal((0.5, 0.5), (web.Share, silo.Share));

        await siloBoard.LookAsync(CancellationToken.None); // what it heard it does not tell as its own
        Assert.Equal(1, await postgres.QueryAsync<long>("SELECT count(*) FROM foreground"));
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((false, 1), (silo.AreHere, silo.Share));

        async Task LookAsync()
        {
            await webBoard.LookAsync(CancellationToken.None);
            await siloBoard.LookAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task WithoutTheDatabase_ItGoesOnLooking()
    {
        var clock = new ManualTime();
        var guard = new ForegroundGuard(new ForegroundOptions(), clock);
        await using var nowhere = new Database("Host=127.0.0.1;Port=1;Username=nobody;Database=nothing;Timeout=1", NullLoggerFactory.Instance);
        using var board = Board(nowhere, guard, "web", clock);
        await board.StartAsync(CancellationToken.None);
        for (var look = 0; look < 3; look++)
        {
            await clock.TimerWithinAsync(TimeSpan.FromSeconds(1));
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(board.ExecuteTask!.IsCompleted);
        await board.StopAsync(CancellationToken.None);
    }

    private static ForegroundBoard Board(Database database, ForegroundGuard guard, string name, TimeProvider time) =>
        new(database, guard, new SiloIdentity(name, OwnsCluster: false), time, NullLogger<ForegroundBoard>.Instance);
}
