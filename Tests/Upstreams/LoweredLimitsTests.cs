using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

public sealed class LoweredLimitsTests
{
    [Theory]
    [InlineData("1 per 2s", 0.25, "1 per 4s")] // no whole call is left in the period: a longer one
    [InlineData("900 per 1m", 10, "600 per 60s")]
    [InlineData("2 per 1s", 1.5, "1 per 1s")]
    [InlineData("5 per 1s, 60 per 20s", 1.5, "2 per 1s, 30 per 20s")] // by the factor that halves the slowest
    [InlineData("5 per 1s, 60 per 20s", 3, "5 per 1s, 60 per 20s")]
    public void Rate_LowersEachLimitByTheSameFactor(string configured, double callsPerSecond, string wanted)
    {
        var limited = Lowered(null, callsPerSecond).Of(Upstream(10, configured));

        Assert.Equal(wanted, string.Join(", ", limited.Limits));
        Assert.Equal(10, limited.Concurrency);
    }

    /// <summary>Whatever was stored, and whatever the configuration became since: no window of a configured period lets more through than it allows.</summary>
    [Fact]
    public void Limits_AreNeverAboveTheConfiguration()
    {
        var random = new Random(1);
        for (var round = 0; round < 2000; round++)
        {
            var limit = new CallLimit(random.Next(1, 50), TimeSpan.FromMilliseconds(random.Next(50, 5000)));
            var upstream = UpstreamTests.Options() with { Concurrency = random.Next(1, 20), Limits = [limit] };

            var limited = Lowered(random.Next(1, 40), random.NextDouble() * limit.PerSecond * 2).Of(upstream);

            var lowered = Assert.Single(limited.Limits);
            Assert.InRange(limited.Concurrency, 1, upstream.Concurrency);
            Assert.InRange(lowered.Calls, 1, limit.Calls);
            Assert.True(lowered.Per >= limit.Per, $"{lowered} lets calls come closer together than {limit}.");
        }
    }

    [Theory]
    [InlineData(0, null, "concurrency is 0; it must be a whole number from 1 to 4, the ceiling that is configured for github.")]
    [InlineData(5, null, "concurrency is 5; it must be a whole number from 1 to 4, the ceiling that is configured for github.")]
    [InlineData(null, 2.1, "callsPerSecond is 2.1; it must be from 0.01 to 2, the ceiling that is configured for github.")]
    [InlineData(null, 0.0, "callsPerSecond is 0; it must be from 0.01 to 2, the ceiling that is configured for github.")]
    [InlineData(null, double.NaN, "callsPerSecond is NaN; it must be from 0.01 to 2, the ceiling that is configured for github.")]
    [InlineData(4, 2.0, null)]
    [InlineData(1, 0.01, null)]
    [InlineData(null, null, null)]
    public void Fault_SaysWhatIsWrong(int? concurrency, double? callsPerSecond, string? sentence) =>
        Assert.Equal(sentence, LoweredLimits.Fault(Upstream(4, "2 per 1s"), concurrency, callsPerSecond));

    [Fact]
    public void UpstreamWithoutACallLimit_HasNoneToLower() =>
        Assert.StartsWith("github has no limit of calls per second", LoweredLimits.Fault(Upstream(4, "none"), null, 1), StringComparison.Ordinal);

    private static LoweredLimits Lowered(int? concurrency, double? callsPerSecond) => new("github", concurrency, callsPerSecond, "tester", default);

    private static UpstreamOptions Upstream(int concurrency, string limits) =>
        new() { Name = "github", BaseUrl = new Uri("http://upstream.test"), Concurrency = concurrency, Limits = CallLimit.ParseList(limits) };
}
