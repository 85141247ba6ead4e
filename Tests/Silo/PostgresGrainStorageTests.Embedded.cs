using Orleans.Storage;
using OrleansBulk.Storage;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Silo;

/// <summary>What <see cref="IGrainStorage"/> asks of a storage, asked of the one in memory and of the one in PostgreSQL.</summary>
public abstract class GrainStorageConformance
{
    public sealed class Budget
    {
        public int Calls { get; set; }

        public DateTimeOffset Until { get; set; }

        public string? Reason { get; set; }
    }

    private protected abstract IGrainStorage Storage { get; }

    private readonly GrainId _grain = GrainId.Create("upstream", $"upstream/{Guid.NewGuid():N}");

    [Fact]
    public async Task AStateNeverWritten_IsNewAndHasNoETag()
    {
        var state = new GrainState<Budget>(new Budget { Calls = 7 }, "stale");

        await Storage.ReadStateAsync("budget", _grain, state);

        Assert.Equal(0, state.State!.Calls);
        Assert.Null(state.ETag);
        Assert.False(state.RecordExists);
    }

    [Fact]
    public async Task WhatIsWritten_IsRead()
    {
        var written = new GrainState<Budget>(new Budget { Calls = 3, Until = new DateTimeOffset(2026, 3, 4, 5, 6, 7, 891, TimeSpan.Zero), Reason = "429 – später\n\"bald\"" });
        await Storage.WriteStateAsync("budget", _grain, written);

        var read = await ReadAsync("budget");

        Assert.Equivalent(written.State, read.State, strict: true);
        Assert.Equal(written.ETag, read.ETag);
        Assert.True(read.RecordExists);
        Assert.True(written.RecordExists);
    }

    [Fact]
    public async Task EachWrite_HasAnETagOfItsOwn()
    {
        var state = new GrainState<Budget>(new Budget());
        var tags = new HashSet<string?> { state.ETag };
        for (var i = 0; i < 4; i++)
        {
            await Storage.WriteStateAsync("budget", _grain, state);
            Assert.True(tags.Add(state.ETag));
        }
    }

    [Fact]
    public async Task TheSecondWriterWithOneETag_IsRefused_AndChangesNothing()
    {
        await Storage.WriteStateAsync("budget", _grain, new GrainState<Budget>(new Budget { Calls = 1 }));
        var (mine, theirs) = (await ReadAsync("budget"), await ReadAsync("budget"));
        theirs.State!.Calls = 2;
        await Storage.WriteStateAsync("budget", _grain, theirs);

        mine.State!.Calls = 3;
        var error = await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync("budget", _grain, mine));

        Assert.Equal(theirs.ETag, error.StoredEtag);
        Assert.Equal(mine.ETag, error.CurrentEtag);
        Assert.Equal(2, (await ReadAsync("budget")).State!.Calls);
    }

    [Fact]
    public async Task OfTwoFirstWriters_OneIsRefused()
    {
        var writers = Enumerable.Range(0, 2).Select(i => new GrainState<Budget>(new Budget { Calls = i })).ToArray();

        var outcomes = await Task.WhenAll(writers.Select(writer => Record.ExceptionAsync(() => Storage.WriteStateAsync("budget", _grain, writer))));

        Assert.Single(outcomes, outcome => outcome is null);
        Assert.Single(outcomes, outcome => outcome is InconsistentStateException);
    }

    [Fact]
    public async Task AClearedState_IsGone_AndItsOldETagWorksNoMore()
    {
        var state = new GrainState<Budget>(new Budget { Calls = 1 });
        await Storage.WriteStateAsync("budget", _grain, state);
        var old = await ReadAsync("budget");

        await Storage.ClearStateAsync("budget", _grain, state);

        Assert.Null(state.ETag);
        Assert.False(state.RecordExists);
        Assert.False((await ReadAsync("budget")).RecordExists);
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync("budget", _grain, old));

        await Storage.WriteStateAsync("budget", _grain, state);
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync("budget", _grain, old));
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.ClearStateAsync("budget", _grain, old));
    }

    [Fact]
    public async Task ClearingWithoutHavingRead_IsRefusedWhereThereIsAState()
    {
        await Storage.ClearStateAsync("budget", _grain, new GrainState<Budget>(new Budget()));
        await Storage.WriteStateAsync("budget", _grain, new GrainState<Budget>(new Budget()));

        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.ClearStateAsync("budget", _grain, new GrainState<Budget>(new Budget())));
    }

    [Fact]
    public async Task StatesAndGrains_AreApart()
    {
        await Storage.WriteStateAsync("budget", _grain, new GrainState<Budget>(new Budget { Calls = 1 }));
        await Storage.WriteStateAsync("other", _grain, new GrainState<Budget>(new Budget { Calls = 2 }));

        Assert.Equal(1, (await ReadAsync("budget")).State!.Calls);
        Assert.Equal(2, (await ReadAsync("other")).State!.Calls);
        var neighbour = new GrainState<Budget>();
        await Storage.ReadStateAsync("budget", GrainId.Create("upstream", _grain.Key + "x"), neighbour);
        Assert.False(neighbour.RecordExists);
    }

    private async Task<GrainState<Budget>> ReadAsync(string name)
    {
        var state = new GrainState<Budget>();
        await Storage.ReadStateAsync(name, _grain, state);
        return state;
    }
}

public sealed class MemoryGrainStorageTests : GrainStorageConformance
{
    private protected override IGrainStorage Storage { get; } = new MemoryGrainStorage();
}

public sealed class PostgresGrainStorageTests(PostgresDatabase database) : GrainStorageConformance, IClassFixture<PostgresDatabase>
{
    private protected override IGrainStorage Storage { get; } = new PostgresGrainStorage(database.Database);
}
