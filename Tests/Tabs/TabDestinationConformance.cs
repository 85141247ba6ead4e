using OrleansBulk.Tabs;
using OrleansBulk.Tests.Upstreams;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Tabs;

/// <summary>
/// What every destination of tabs promises. The suite keeps what a sync would have committed, writes as a sync does (batches, again when they failed, then the publishing), and looks at what
/// a reader of the destination sees.
/// </summary>
public abstract class TabDestinationConformance : IAsyncLifetime
{
    private readonly SortedDictionary<int, IReadOnlyList<string>?> _committed = [];

    protected TabDefinition Tab { get; set; } = TabSamples.Tab();

    /// <summary>What a sync has committed, by position.</summary>
    protected IReadOnlyDictionary<int, IReadOnlyList<string>?> Committed => _committed;

    protected abstract ITabDestination Destination { get; }

    public abstract Task InitializeAsync();

    public abstract Task DisposeAsync();

    /// <summary>What a reader sees, the header first.</summary>
    protected abstract IReadOnlyList<IReadOnlyList<string>> See();

    /// <summary>What a reader is to see of what was committed.</summary>
    protected abstract IReadOnlyList<IReadOnlyList<string>> Expected();

    /// <summary>Ways in which users, or others, spoil a tab of twelve rows.</summary>
    protected abstract IReadOnlyList<(string What, Action Do)> Edits();

    /// <summary>Makes the next writing go wrong in different ways.</summary>
    protected abstract IReadOnlyList<(string What, Action Do)> Troubles();

    [Fact]
    public async Task WrittenRows_AreThere_BelowTheHeader()
    {
        await SyncAsync(TabSamples.Rows(1, 30));

        AssertSame();
        Assert.Equal(["Column 1", "Column 2", "Column 3"], See()[0]);
        Assert.Equal(["7", "name 7", "mail7@example.org"], See()[7]);
    }

    [Fact]
    public async Task TheSameAgain_ChangesNothing()
    {
        await SyncAsync(TabSamples.Rows(1, 30));
        var before = See();

        await SyncAsync(TabSamples.Rows(1, 30));
        await FullAsync();

        Assert.Equal(before, See());
    }

    [Fact]
    public async Task RowsOutOfOrder_StandAtTheirPositions()
    {
        await SyncAsync(TabSamples.Rows(20, 30));
        await SyncAsync(TabSamples.Row(5), TabSamples.Row(9));
        await SyncAsync(TabSamples.Rows(1, 4));

        AssertSame();
    }

    [Fact]
    public async Task ChangedRow_ReplacesTheOldOne_AlsoWithLess()
    {
        await SyncAsync(TabSamples.Rows(1, 5));

        await SyncAsync(TabSamples.Row(3, "33", "", ""));

        AssertSame();
    }

    [Fact]
    public async Task ClearedPositions_AreEmpty_AndTheOthersStay()
    {
        await SyncAsync(TabSamples.Rows(1, 12));

        await SyncAsync(TabSamples.Cleared(3), TabSamples.Cleared(11), TabSamples.Cleared(12));
        AssertSame();
        await SyncAsync(TabSamples.Row(3, "3", "another", "one"));
        AssertSame();
    }

    [Fact]
    public async Task NoRowAtAll_LeavesTheHeader()
    {
        await FullAsync();
        AssertSame();

        await SyncAsync(TabSamples.Rows(1, 3));
        await SyncAsync(TabSamples.Cleared(1), TabSamples.Cleared(2), TabSamples.Cleared(3));
        await FullAsync();
        AssertSame();
    }

    [Fact]
    public async Task AnyEdit_IsPutRightByAFullSync()
    {
        await SyncAsync(TabSamples.Rows(1, 12));
        await SyncAsync(TabSamples.Cleared(6));
        foreach (var (what, spoil) in Edits())
        {
            spoil();

            await FullAsync();

            AssertSame(what);
        }
    }

    [Theory]
    [InlineData("=HYPERLINK(\"http://evil.test\")")]
    [InlineData("+1+1")]
    [InlineData("-1+1")]
    [InlineData("@SUM(1)")]
    [InlineData("\t=1+1")]
    [InlineData("007")]
    [InlineData("1e5")]
    [InlineData("1/2")]
    [InlineData("2026-01-31")]
    [InlineData("TRUE")]
    [InlineData("'quoted'")]
    [InlineData("a \"quoted\" word, and a comma; a semicolon")]
    [InlineData("two\nlines")]
    [InlineData("two\r\nlines")]
    [InlineData(" spaces around ")]
    [InlineData("👩‍🚀 emoji 🎉")]
    [InlineData("שלום مرحبا")]
    [InlineData("\u202Eright to left")]
    [InlineData("<script>alert(1)</script> & \\ / %41")]
    public async Task Text_ComesBackAsItIs_InAnyColumn(string text)
    {
        await SyncAsync(TabSamples.Row(1, text, text, text), TabSamples.Row(2, "", text, ""));
        AssertSame();

        await FullAsync();
        AssertSame();
    }

    [Theory]
    [InlineData("It's \"quoted\"")]
    [InlineData("A1")]
    [InlineData("Größe & ñ 学生")]
    [InlineData("50% of a+b#c")]
    [InlineData("!R1C1")]
    public async Task AnyTitle_Works(string title)
    {
        Tab = TabSamples.Tab("odd", title);

        await SyncAsync(TabSamples.Rows(1, 3));
        await FullAsync();

        AssertSame();
    }

    [Fact]
    public async Task TroubleInAWrite_DoublesAndLosesNothing()
    {
        await SyncAsync(TabSamples.Rows(1, 20));
        foreach (var (what, trouble) in Troubles())
        {
            trouble();
            await SyncAsync([.. TabSamples.Rows(15, 25).Select(row => TabSamples.Row(row.Position, $"{row.Position}", what, "again"))]);
            AssertSame(what);

            trouble();
            await FullAsync();
            AssertSame(what);
        }
    }

    [Fact]
    public async Task MoreThanAThousandRows_FindPlace()
    {
        await SyncAsync(TabSamples.Rows(1, 2500));
        AssertSame();

        await SyncAsync(TabSamples.Row(6000, "6000", "far", "away"));
        await FullAsync();
        AssertSame();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task WhateverHappened_AFullSyncMakesItEqual(int seed)
    {
        var random = new Random(seed);
        for (var step = 0; step < 25; step++)
        {
            switch (random.Next(4))
            {
                case 0 when Committed.Count >= 12:
                    Pick(Edits()).Do();
                    break;
                case 1:
                    Pick(Troubles()).Do();
                    break;
                default:
                    var first = random.Next(1, 40);
                    await SyncAsync([.. Enumerable.Range(first, random.Next(1, 25)).Select(position =>
                        random.Next(5) == 0 ? TabSamples.Cleared(position) : TabSamples.Row(position, $"{position}", $"step {step}", random.Next(3) == 0 ? "" : "=1+1"))]);
                    break;
            }
        }

        await FullAsync();
        AssertSame($"seed {seed}");

        T Pick<T>(IReadOnlyList<T> from) => from[random.Next(from.Count)];
    }

    /// <summary>An incremental sync of these rows.</summary>
    protected async Task SyncAsync(params TabRow[] rows)
    {
        foreach (var batch in rows.Chunk(Tab.Batch))
        {
            await AnsweredAsync(() => Destination.WriteAsync(Tab, batch, UpstreamTests.Budget(), CancellationToken.None));
            foreach (var row in batch)
            {
                _committed[row.Position] = row.Cells;
            }
        }

        await PublishAsync();
    }

    /// <summary>The end of a full sync: everything that was committed is compared. Gives how many rows were put right.</summary>
    protected async Task<int> FullAsync()
    {
        await PublishAsync();
        if (!Destination.CanDrift)
        {
            return 0;
        }

        var restored = 0;
        var all = AllRows();
        var blocks = all.Chunk(Destination.RestoreRows).ToList();
        for (var block = 0; block < Math.Max(1, blocks.Count); block++)
        {
            restored += await AnsweredAsync(() => Destination.RestoreAsync(
                Tab, (block * Destination.RestoreRows) + 1, blocks.Count == 0 ? [] : blocks[block], block >= blocks.Count - 1, UpstreamTests.Budget(), CancellationToken.None));
        }

        return restored;
    }

    protected void AssertSame(string? why = null)
    {
        var (expected, seen) = (Expected(), See());
        Assert.True(expected.Count == seen.Count, $"{seen.Count} lines are there, {expected.Count} should be. {why}");
        for (var line = 0; line < expected.Count; line++)
        {
            Assert.True(expected[line].SequenceEqual(seen[line]), $"Line {line} is [{string.Join("|", seen[line])}], it should be [{string.Join("|", expected[line])}]. {why}");
        }
    }

    /// <summary>Asks again as the sync does, until it is done.</summary>
    protected static async Task<int> AnsweredAsync(Func<Task<CallResult>> ask)
    {
        for (var tries = 0; ; tries++)
        {
            var result = await ask();
            if (result is CallAnswered<int> { Value: var value })
            {
                return value;
            }

            Assert.True(tries < 20 && result is CallDeferred or CallTroubled or CallGarbled, $"It is not done: {result}");
            await Task.Delay(20);
        }
    }

    /// <summary>One row per position, as the store reads them.</summary>
    protected IReadOnlyList<TabRow> AllRows() =>
        _committed.Count == 0 ? [] : [.. Enumerable.Range(1, _committed.Keys.Max()).Select(position => new TabRow(position, _committed.GetValueOrDefault(position)))];

    private async Task PublishAsync()
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                await Destination.PublishAsync(Tab, Rows(), CancellationToken.None);
                return;
            }
            catch (IOException) when (tries < 3)
            {
                // The sync publishes again.
            }
        }
    }

    /// <summary>What is read while publishing; a destination may make it break off.</summary>
    protected virtual IAsyncEnumerable<TabRow> Rows() => TabSamples.Stream(AllRows());
}
