using OrleansBulk.Jobs;
using OrleansBulk.Web.Pages.Charts;
using OrleansBulk.Web.Pages.Jobs;

namespace OrleansBulk.Tests.Web.Jobs;

/// <summary>What a job's samples are drawn as.</summary>
public sealed class JobChartsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void FailuresHaveAChart_OnlyWhereSomethingFailed()
    {
        Assert.Equal(["Items finished a second", "Items in flight"], JobCharts.Of([Point(1), Point(2)]).Select(chart => chart.Title));
        Assert.Contains(JobCharts.Of([Point(1), Point(2, failed: 3)]), chart => chart.Title == "Failures a second");
        Assert.Empty(JobCharts.Of([Point(1)]));
    }

    [Fact]
    public void Amounts_ArePerSecond_WhateverAPointStandsFor()
    {
        var chart = JobCharts.Of([Point(10, seconds: 10, succeeded: 50), Point(20, seconds: 10, succeeded: 100)]).First();

        Assert.Equal([5.0, 10.0], chart.Points.Select(point => point.Amount));
        Assert.Equal("Items finished a second: 7.5 items on average, 10 items at most, at 12:00:20 UTC; 10 items last.", chart.Summary);
    }

    [Fact]
    public void Pause_IsNothing_AndNoBridge()
    {
        var chart = JobCharts.Of([Point(1, succeeded: 8), Point(2, succeeded: 8), Point(3, succeeded: 8), Point(4, succeeded: 8), Point(600, succeeded: 8)]).First();

        Assert.Equal([8.0, 8.0, 8.0, 8.0, 0.0, 0.0, 8.0], chart.Points.Select(point => point.Amount));
    }

    [Fact]
    public void Line_StaysInsideItsGround_AndSlicesCoverIt()
    {
        var chart = JobCharts.Of([Point(0, succeeded: 3), Point(5, succeeded: 7), Point(10)]).First();

        Assert.Equal("M0 40L300 0L600 100", LineChart.Of("a", "b", "c", [new(Noon, 6), new(Noon.AddSeconds(5), 10), new(Noon.AddSeconds(10), 0)]).Line);
        Assert.Equal(ChartScale.Width, chart.Slices().Sum(slice => slice.Width), 1);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1.2, 2)]
    [InlineData(7, 10)]
    [InlineData(201, 500)]
    [InlineData(1000, 1000)]
    public void Top_IsTheNextRoundNumber(double amount, double top) => Assert.Equal(top, ChartScale.Of(Noon, Noon, amount).Top);

    [Fact]
    public void TimeSpent_NamesTheLargestPart_AndItsBarIsWhole()
    {
        var spent = TimeSpent.Of([Point(1) with { AtLimit = TimeSpan.FromSeconds(60), Calling = TimeSpan.FromSeconds(20) }, Point(2) with { Backoff = TimeSpan.FromSeconds(20) }]);

        Assert.Equal("60 % of it: waiting for the limit.", spent.Sentence);
        Assert.Equal([("calling", 0.0, 200.0), ("limit", 200.0, 600.0), ("backoff", 800.0, 200.0)], spent.Bar());
        Assert.Equal("No time was spent yet.", TimeSpent.Of([]).Sentence);
    }

    private static TimelinePoint Point(double at, double seconds = 1, long succeeded = 0, long failed = 0) =>
        new(Noon.AddSeconds(at), seconds, succeeded, failed, 0, 0, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);
}
