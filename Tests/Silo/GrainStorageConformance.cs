using Orleans.Storage;

namespace OrleansBulk.Tests.Silo;

/// <summary>What grains rely on in a storage, asked of every one there is in each flavour.</summary>
public abstract class GrainStorageConformance
{
    public sealed class Budget
    {
        public int Calls { get; set; }

        public DateTimeOffset Until { get; set; }

        public string? Reason { get; set; }
    }

    private protected abstract IGrainStorage Storage { get; }

    private protected GrainId Grain { get; } = GrainId.Create("upstream", $"upstream/{Guid.NewGuid():N}");

    [Fact]
    public async Task AStateNeverWritten_IsNewAndHasNoETag()
    {
        var state = new GrainState<Budget> { State = new Budget { Calls = 7 }, ETag = "7" };

        await Storage.ReadStateAsync("budget", Grain, state);

        Assert.Equal(0, state.State!.Calls);
        Assert.Null(state.ETag);
        Assert.False(state.RecordExists);
    }

    [Fact]
    public async Task WhatIsWritten_IsRead()
    {
        var written = new GrainState<Budget>(new Budget { Calls = 3, Until = new DateTimeOffset(2026, 3, 4, 5, 6, 7, 891, TimeSpan.Zero), Reason = "429 – später\n\"bald\"" });
        await Storage.WriteStateAsync("budget", Grain, written);

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
            await Storage.WriteStateAsync("budget", Grain, state);
            Assert.True(tags.Add(state.ETag));
        }
    }

    [Fact]
    public async Task TheSecondWriterWithOneETag_IsRefused_AndChangesNothing()
    {
        await Storage.WriteStateAsync("budget", Grain, new GrainState<Budget>(new Budget { Calls = 1 }));
        var (mine, theirs) = (await ReadAsync("budget"), await ReadAsync("budget"));
        theirs.State!.Calls = 2;
        await Storage.WriteStateAsync("budget", Grain, theirs);

        mine.State!.Calls = 3;
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync("budget", Grain, mine));

        Assert.Equal(2, (await ReadAsync("budget")).State!.Calls);
    }

    [Fact]
    public async Task OfTwoFirstWriters_OneIsRefused()
    {
        var writers = Enumerable.Range(0, 2).Select(i => new GrainState<Budget>(new Budget { Calls = i })).ToArray();

        var outcomes = await Task.WhenAll(writers.Select(writer => Record.ExceptionAsync(() => Storage.WriteStateAsync("budget", Grain, writer))));

        Assert.Single(outcomes, outcome => outcome is null);
        Assert.Single(outcomes, outcome => outcome is InconsistentStateException);
    }

    [Fact]
    public async Task AClearedState_IsNewAgain_AndItsOldETagWorksNoMore()
    {
        var state = new GrainState<Budget>(new Budget { Calls = 1 });
        await Storage.WriteStateAsync("budget", Grain, state);
        var old = await ReadAsync("budget");

        await Storage.ClearStateAsync("budget", Grain, state);

        Assert.False(state.RecordExists);
        Assert.Equal(0, (await ReadAsync("budget")).State!.Calls);
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync("budget", Grain, old));

        state.State = new Budget { Calls = 2 };
        await Storage.WriteStateAsync("budget", Grain, state);
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync("budget", Grain, old));
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.ClearStateAsync("budget", Grain, old));
        Assert.Equal(2, (await ReadAsync("budget")).State!.Calls);
    }

    [Fact]
    public async Task StatesAndGrains_AreApart()
    {
        await Storage.WriteStateAsync("budget", Grain, new GrainState<Budget>(new Budget { Calls = 1 }));
        await Storage.WriteStateAsync("other", Grain, new GrainState<Budget>(new Budget { Calls = 2 }));

        Assert.Equal(1, (await ReadAsync("budget")).State!.Calls);
        Assert.Equal(2, (await ReadAsync("other")).State!.Calls);
        var neighbour = new GrainState<Budget>();
        await Storage.ReadStateAsync("budget", GrainId.Create("upstream", Grain.Key + "x"), neighbour);
        Assert.False(neighbour.RecordExists);
    }

    private protected async Task<GrainState<Budget>> ReadAsync(string name)
    {
        var state = new GrainState<Budget>();
        await Storage.ReadStateAsync(name, Grain, state);
        return state;
    }
}
