using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansBulk.Web.Metrics;

namespace OrleansBulk.Tests.Web.Metrics;

public sealed class MetricCollectorTests : IAsyncLifetime, IDisposable
{
    private readonly LogCapture _log = new();
    private readonly ServiceProvider _services;
    private readonly MetricCollector _collector;
    private readonly Meter _meter;

    public MetricCollectorTests()
    {
        _services = Host();
        _collector = _services.GetRequiredService<MetricCollector>();
        _meter = _services.GetRequiredService<IMeterFactory>().Create("OrleansBulk.Test");
    }

    public Task InitializeAsync() => _collector.StartAsync(default);

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose()
    {
        _services.Dispose();
        _log.Dispose();
    }

    [Fact]
    public void Counter_AddsUp_FromManyThreads_PerSetOfLabels()
    {
        var counter = _meter.CreateCounter<long>("bulk_calls", description: "Calls.");
        Parallel.For(0, 20_000, i => counter.Add(1, new("upstream", i % 2 == 0 ? "even" : "odd"), new KeyValuePair<string, object?>("result", "answered")));

        var family = Collect()["bulk_calls_total"];
        Assert.Equal("counter", family.Type);
        Assert.Equal(10_000, family.Value(("upstream", "even"), ("result", "answered")));
        Assert.Equal(10_000, family.Value(("upstream", "odd"), ("result", "answered")));
    }

    [Fact]
    public void SameLabelsInAnotherOrder_AreOneSeries_AndNullOnesAreNone()
    {
        var counter = _meter.CreateCounter<int>("bulk_order");
        counter.Add(1, new("b", "2"), new("a", "1"), new KeyValuePair<string, object?>("none", null));
        counter.Add(1, new("a", "1"), new KeyValuePair<string, object?>("b", "2"));
        counter.Add(1, new("a", 1), new KeyValuePair<string, object?>("b", 2L));

        Assert.Equal(3, Collect()["bulk_order_total"].Value(("a", "1"), ("b", "2")));
    }

    [Theory]
    [InlineData("quote \" backslash \\ newline \n end", "quote \" backslash \\ newline \n end")]
    [InlineData("\"} 1\nbulk_forged 7\n# {x=\"", "\"} 1\nbulk_forged 7\n# {x=\"")]
    [InlineData("carriage\rreturn", "carriage\uFFFDreturn")]
    [InlineData("günther 日本 🎈", "günther 日本 🎈")]
    [InlineData("", "")]
    public void LabelValue_CannotLeaveItsQuotes(string value, string read)
    {
        _meter.CreateCounter<int>("bulk_escape").Add(1, new KeyValuePair<string, object?>("value", value));
        Assert.Equal(1, Collect()["bulk_escape_total"].Value(("value", read)));
    }

    [Fact]
    public void LongValues_AreCut_AndManyTagsFit()
    {
        var counter = _meter.CreateCounter<int>("bulk_long");
        counter.Add(1, [.. Enumerable.Range(0, 40).Select(i => KeyValuePair.Create<string, object?>($"tag{i}", new string('"', 500)))]);
        var labels = Assert.Single(Collect()["bulk_long_total"].Samples).Labels;
        Assert.Equal(LabelText.MostTags, labels.Count);
        Assert.All(labels.Values, value => Assert.Equal(new string('"', LabelText.LongestValue), value));
    }

    [Fact]
    public void TagNames_BecomeLabelNames_AndCollisionsAreWrittenOnce()
    {
        var histogram = _meter.CreateHistogram<double>("bulk_names", "s");
        histogram.Record(1, new("http.request.method", "GET"), new("http_request_method", "PUT"), new("le", "7"), new("__name__", "x"), new("0", true));
        var labels = Collect()["bulk_names_seconds"].Samples[0].Labels;
        Assert.Equal(["_0", "http_request_method", "le", "le_", "tag__name__"], labels.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("true", labels["_0"]);
    }

    [Theory]
    [InlineData("http.server.request.duration", "s", "http_server_request_duration_seconds")]
    [InlineData("bulk_call_seconds", "s", "bulk_call_seconds")]
    [InlineData("bulk.size", "By", "bulk_size_bytes")]
    [InlineData("bulk.items", "{item}", "bulk_items")]
    [InlineData("bulk.share", "1", "bulk_share_ratio")]
    [InlineData("9 lives!", null, "_9_lives_")]
    public void GaugeNames_FollowTheRules(string name, string? unit, string expected) =>
        Assert.Equal(expected, PrometheusName.Metric(name, unit, MetricKind.Gauge));

    [Theory]
    [InlineData("bulk_calls", null, "bulk_calls_total")]
    [InlineData("bulk_calls_total", null, "bulk_calls_total")]
    [InlineData("bulk.read", "By", "bulk_read_bytes_total")]
    [InlineData("bulk.share", "1", "bulk_share_total")]
    public void CounterNames_EndInTotal(string name, string? unit, string expected) =>
        Assert.Equal(expected, PrometheusName.Metric(name, unit, MetricKind.Counter));

    [Fact]
    public void Histogram_CountsEachValueInItsBucket_BoundsIncluded_WithAdvisedBounds()
    {
        var histogram = _meter.CreateHistogram("bulk_items", advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 10, 100] });
        foreach (var value in new[] { 1, 2, 10, 11, 100, 101, -5 })
        {
            histogram.Record(value);
        }

        var family = Collect()["bulk_items"];
        Assert.Equal([("1", 2d), ("10", 4d), ("100", 6d), ("+Inf", 7d)], family.Buckets);
        Assert.Equal(7, family.Count());
        Assert.Equal(220, family.Sum());
    }

    [Fact]
    public void Histogram_WithoutAdvice_HasBoundsThatFitItsUnit()
    {
        _meter.CreateHistogram<double>("bulk_wait", "s").Record(0.02);
        _meter.CreateHistogram<long>("bulk_wait_long", "ms").Record(20);
        var families = Collect();
        Assert.Equal(1, families["bulk_wait_seconds"].Buckets.Single(bucket => bucket.Bound == "0.025").Count);
        Assert.Equal(1, families["bulk_wait_long_milliseconds"].Buckets.Single(bucket => bucket.Bound == "25").Count);
        Assert.Equal(0, families["bulk_wait_seconds"].Buckets.Single(bucket => bucket.Bound == "0.01").Count);
    }

    [Fact]
    public void UpDownCounterAndGauge_GoDownToo_CounterDoesNot()
    {
        var flying = _meter.CreateUpDownCounter<int>("bulk_in_flight");
        flying.Add(5);
        flying.Add(-3);
        var gauge = _meter.CreateGauge<double>("bulk_level");
        gauge.Record(7.5);
        gauge.Record(-2.25);
        var counter = _meter.CreateCounter<double>("bulk_up");
        counter.Add(3);
        counter.Add(-1);
        counter.Add(double.NaN);

        var families = Collect();
        Assert.Equal(("gauge", 2), (families["bulk_in_flight"].Type, families["bulk_in_flight"].Value()));
        Assert.Equal(("gauge", -2.25), (families["bulk_level"].Type, families["bulk_level"].Value()));
        Assert.Equal(3, families["bulk_up_total"].Value());
    }

    [Fact]
    public void ObservedSeries_ShowWhatIsObservedNow_AndGoWhenItGoes()
    {
        var silos = new List<string> { "a", "b" };
        _meter.CreateObservableGauge("bulk_silos", () => silos.Select(silo => new Measurement<int>(silos.Count, new KeyValuePair<string, object?>("silo", silo))));
        var total = 10L;
        _meter.CreateObservableCounter("bulk_seen", () => total);

        Assert.Equal(2, Collect()["bulk_silos"].Value(("silo", "a")));
        silos.Remove("a");
        total = 12;
        var families = Collect();
        Assert.Equal(1, families["bulk_silos"].Value(("silo", "b")));
        Assert.Single(families["bulk_silos"].Samples);
        Assert.Equal(12, families["bulk_seen_total"].Value());
        silos.Clear();
        Assert.DoesNotContain("bulk_silos", Collect().Keys);
    }

    [Fact]
    public void InstrumentThatThrows_HidesNoOther()
    {
        _meter.CreateObservableGauge("bulk_broken", int () => throw new InvalidOperationException("broken"));
        _meter.CreateObservableGauge("bulk_whole", () => 1);
        Assert.Equal(1, Collect()["bulk_whole"].Value());
        Assert.Contains("broken", _log.At(LogLevel.Warning), StringComparison.Ordinal);
    }

    [Fact]
    public void TooManySeries_ShareOneThatSaysSo_AndNoCountIsLost()
    {
        var counter = _meter.CreateCounter<int>("bulk_handles");
        const int Handles = MetricFamily.MostSeries + 500;
        for (var i = 0; i < Handles; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("handle", i.ToString(CultureInfo.InvariantCulture)));
        }

        var family = Collect()["bulk_handles_total"];
        Assert.Equal(MetricFamily.MostSeries + 1, family.Samples.Count);
        Assert.Equal(500, family.Value(("otel_metric_overflow", "true")));
        Assert.Equal(Handles, family.Samples.Sum(sample => sample.Value));
    }

    [Fact]
    public void NameOfAnotherKind_IsLeftOut_WithAWarning()
    {
        _meter.CreateHistogram<int>("bulk_twice").Record(1);
        _meter.CreateUpDownCounter<int>("bulk_twice_count").Add(1);
        _meter.CreateUpDownCounter<int>("bulk.twice").Add(1);
        Assert.Equal("histogram", Collect()["bulk_twice"].Type);
        Assert.Contains("bulk.twice", _log.At(LogLevel.Warning), StringComparison.Ordinal);
        Assert.Contains("bulk_twice_count", _log.At(LogLevel.Warning), StringComparison.Ordinal);
    }

    [Fact]
    public async Task MetersOfAnotherHost_AndOfStrangers_AreNotHeard()
    {
        await using var other = Host();
        other.GetRequiredService<IMeterFactory>().Create("OrleansBulk.Other").CreateCounter<int>("bulk_other").Add(1);
        using var stranger = new Meter("Somebody.Else");
        stranger.CreateCounter<int>("bulk_stranger").Add(1);
        using var global = new Meter("OrleansBulk.Global");
        global.CreateCounter<int>("bulk_global").Add(1);

        var families = Collect();
        Assert.DoesNotContain("bulk_other_total", families.Keys);
        Assert.DoesNotContain("bulk_stranger_total", families.Keys);
        Assert.Contains("bulk_global_total", families.Keys);
    }

    [Fact]
    public void KnownSeries_CostsNoAllocation()
    {
        var counter = _meter.CreateCounter<long>("bulk_cheap");
        var histogram = _meter.CreateHistogram<double>("bulk_cheap_time", "s");
        Measure(100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Measure(1_000);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000);

        void Measure(int times)
        {
            for (var i = 0; i < times; i++)
            {
                counter.Add(1, new("upstream", "codeforces"), new KeyValuePair<string, object?>("result", "answered"));
                histogram.Record(0.1, new KeyValuePair<string, object?>("upstream", "codeforces"));
            }
        }
    }

    [Fact]
    public void Help_IsOneLine()
    {
        _meter.CreateCounter<int>("bulk_help", description: "First \\ line\nsecond line").Add(1);
        Assert.Contains("# HELP bulk_help_total First \\\\ line\\nsecond line\n", _collector.Collect(), StringComparison.Ordinal);
    }

    private IReadOnlyDictionary<string, ParsedFamily> Collect() => PrometheusParser.Parse(_collector.Collect());

    private ServiceProvider Host() =>
        new ServiceCollection().AddMetrics().AddLogging(logging => logging.AddProvider(_log)).AddSingleton<MetricCollector>().BuildServiceProvider();
}
