using OrleansBulk.Providers;

namespace OrleansBulk.Tests.Providers;

public sealed class QueryMemoryTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly QueryMemory _memory = new();

    [Fact]
    public void APageThatComesTooLateForTheFirstOne_HasTheQueryReadAnew_Once()
    {
        Take(0, Rows(0));
        Assert.Equal(new PageTurn(null, false), _memory.Turn(1, Now));

        Assert.Equal(new PageTurn(null, true), _memory.Turn(2, Now + TimeSpan.FromSeconds(1)));

        Assert.Equal("its query is read anew", Why(1));
        Assert.Equal(new PageTurn(null, true), _memory.Turn(2, Now)); // the item that does it comes back when it had to wait
    }

    [Fact]
    public void WithoutAFirstPage_TheQueryIsReadAnew()
    {
        Assert.True(_memory.Turn(3, Now).Anew);
        _memory.RecallFirst(Now); // too late: it has been begun
        Assert.Equal("its query is read anew", Why(1));
    }

    [Fact]
    public void PagesBehindTheLastOne_AreNotNeeded()
    {
        Take(0, Rows(0));
        Assert.Null(Why(3));

        Take(2, Rows(2, 17));

        Assert.Null(Why(1));
        Assert.Equal("behind the last page", Why(3));
    }

    [Fact]
    public void PageThatBringsTheRowsOfAnotherOne_IsRepeated_WhateverTheirOrder()
    {
        Take(0, Rows(0));

        Assert.Equal(new PageVerdict(PageMeaning.Repeated, 0), Take(1, [.. Rows(0).Reverse()]));
        Assert.Equal(PageMeaning.Repeated, Take(5, Rows(0)).Meaning);
        Assert.Equal(PageMeaning.Good, Take(1, Rows(1)).Meaning);
    }

    [Fact]
    public void FullLastPage_MeansThatTheQueryIsNotWhole_Once()
    {
        Take(0, Rows(0));

        Assert.Equal(PageMeaning.NotWhole, Take(5, Rows(5)).Meaning);
        Assert.Equal("its query was split", Why(1));
        Assert.Equal(PageMeaning.Good, Take(1, Rows(1)).Meaning);
    }

    [Fact]
    public void RowsThatMoved_MeanThatTheQueryIsNotWhole()
    {
        Take(0, Rows(0));

        Assert.Equal(PageMeaning.NotWhole, Take(1, [.. Rows(1).Skip(1), Rows(0)[7]]).Meaning);
    }

    [Fact]
    public void ShortPageWithRowsOfAFullOne_MeansThatRowsMoved_NotThatThePageWasNotTurned()
    {
        Take(0, Rows(0));

        Assert.Equal(PageMeaning.NotWhole, Take(1, Rows(0, 3)).Meaning);
    }

    [Fact]
    public void EmptyPages_AreNoRepetition()
    {
        Take(0, Rows(0));
        Take(1, []);

        Assert.Equal(PageMeaning.Good, Take(2, []).Meaning);
    }

    [Fact]
    public void WhatWasReadBeforeACrash_Counts()
    {
        _memory.Recall(0, Rows(0));
        _memory.Recall(1, Rows(1, 5));

        Assert.Equal("behind the last page", Why(2));
        Assert.Equal(PageMeaning.Repeated, Take(2, Rows(0)).Meaning);
    }

    [Fact]
    public void WhenAllFurtherPagesAreDone_NothingIsLeftToRemember() =>
        Assert.Equal([false, false, false, false, true, false], new[] { 5, 1, 2, 3, 4, 4 }.Select(_memory.Done));

    private static long[] Rows(int page, int count = RegistryQuery.PageRows) => [.. Enumerable.Range(0, count).Select(row => 1_000_000_000L + page * 1000 + row)];

    private PageVerdict Take(int page, long[] npis) => _memory.Take(page, npis, Now);

    private string? Why(int page) => _memory.Turn(page, Now).NotNeeded;
}
