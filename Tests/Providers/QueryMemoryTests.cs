using OrleansBulk.Providers;

namespace OrleansBulk.Tests.Providers;

public sealed class QueryMemoryTests
{
    private readonly QueryMemory _memory = new();

    [Fact]
    public void PagesBehindTheLastOne_AreNotNeeded()
    {
        _memory.Take(0, Rows(0));
        Assert.Null(_memory.WhyNotNeeded(3));

        _memory.Take(2, Rows(2, 17));

        Assert.Null(_memory.WhyNotNeeded(1));
        Assert.Equal("behind the last page", _memory.WhyNotNeeded(3));
    }

    [Fact]
    public void PageThatBringsTheRowsOfAnotherOne_IsRepeated_WhateverTheirOrder()
    {
        _memory.Take(0, Rows(0));

        Assert.Equal(new PageVerdict(PageMeaning.Repeated, 0), _memory.Take(1, [.. Rows(0).Reverse()]));
        Assert.Equal(PageMeaning.Repeated, _memory.Take(5, Rows(0)).Meaning);
        Assert.Equal(PageMeaning.Good, _memory.Take(1, Rows(1)).Meaning);
    }

    [Fact]
    public void FullLastPage_MeansThatTheQueryIsNotWhole_Once()
    {
        _memory.Take(0, Rows(0));

        Assert.Equal(PageMeaning.NotWhole, _memory.Take(5, Rows(5)).Meaning);
        Assert.Equal("its query was split", _memory.WhyNotNeeded(1));
        Assert.Equal(PageMeaning.Good, _memory.Take(1, Rows(1)).Meaning);
    }

    [Fact]
    public void RowsThatMoved_MeanThatTheQueryIsNotWhole()
    {
        _memory.Take(0, Rows(0));

        Assert.Equal(PageMeaning.NotWhole, _memory.Take(1, [.. Rows(1).Skip(1), Rows(0)[7]]).Meaning);
    }

    [Fact]
    public void ShortPageWithRowsOfAFullOne_MeansThatRowsMoved_NotThatThePageWasNotTurned()
    {
        _memory.Take(0, Rows(0));

        Assert.Equal(PageMeaning.NotWhole, _memory.Take(1, Rows(0, 3)).Meaning);
    }

    [Fact]
    public void EmptyPages_AreNoRepetition()
    {
        _memory.Take(0, Rows(0));
        _memory.Take(1, []);

        Assert.Equal(PageMeaning.Good, _memory.Take(2, []).Meaning);
    }

    [Fact]
    public void WhatWasReadBeforeACrash_Counts()
    {
        _memory.Recall(0, Rows(0));
        _memory.Recall(1, Rows(1, 5));

        Assert.Equal("behind the last page", _memory.WhyNotNeeded(2));
        Assert.Equal(PageMeaning.Repeated, _memory.Take(2, Rows(0)).Meaning);
    }

    [Fact]
    public void WhenAllFurtherPagesAreDone_NothingIsLeftToRemember() =>
        Assert.Equal([false, false, false, false, true, false], new[] { 5, 1, 2, 3, 4, 4 }.Select(_memory.Done));

    private static long[] Rows(int page, int count = RegistryQuery.PageRows) => [.. Enumerable.Range(0, count).Select(row => 1_000_000_000L + page * 1000 + row)];
}
