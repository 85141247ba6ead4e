using Orleans.Storage;
using OrleansBulk.Storage;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Silo;

/// <summary>The embedded runtime's own storages leave no trace of what was cleared, and say more when they refuse.</summary>
public abstract class EmbeddedGrainStorageConformance : GrainStorageConformance
{
    [Fact]
    public async Task AClearedState_LeavesNoRecord()
    {
        var state = new GrainState<Budget>(new Budget { Calls = 1 });
        await Storage.WriteStateAsync("budget", Grain, state);

        await Storage.ClearStateAsync("budget", Grain, state);

        Assert.Null(state.ETag);
        Assert.False((await ReadAsync("budget")).RecordExists);
    }

    [Fact]
    public async Task ARefusal_SaysWhichETagsItIsAbout()
    {
        var theirs = new GrainState<Budget>(new Budget());
        await Storage.WriteStateAsync("budget", Grain, theirs);
        var mine = await ReadAsync("budget");
        await Storage.WriteStateAsync("budget", Grain, theirs);

        var error = await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync("budget", Grain, mine));

        Assert.Equal((theirs.ETag, mine.ETag), (error.StoredEtag, error.CurrentEtag));
    }

    [Fact]
    public async Task ClearingWithoutHavingRead_IsRefusedWhereThereIsAState()
    {
        await Storage.ClearStateAsync("budget", Grain, new GrainState<Budget>(new Budget()));
        await Storage.WriteStateAsync("budget", Grain, new GrainState<Budget>(new Budget()));

        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.ClearStateAsync("budget", Grain, new GrainState<Budget>(new Budget())));
    }
}

public sealed class MemoryGrainStorageTests : EmbeddedGrainStorageConformance
{
    private protected override IGrainStorage Storage { get; } = new MemoryGrainStorage();
}

public sealed class PostgresGrainStorageTests(PostgresDatabase database) : EmbeddedGrainStorageConformance, IClassFixture<PostgresDatabase>
{
    private protected override IGrainStorage Storage { get; } = new PostgresGrainStorage(database.Database);
}
