using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

/// <summary>What tests of upstreams have in common.</summary>
internal static class UpstreamTests
{
    public static UpstreamOptions Options(int concurrency = 10, string limits = "none") => new()
    {
        Name = "sample", BaseUrl = new Uri("http://127.0.0.1:9"), Concurrency = concurrency, Limits = CallLimit.ParseList(limits),
    };

    public static UpstreamMetrics Metrics() => new(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>());

    /// <summary>Gates as a silo has them, without leases: this process is the only one that calls.</summary>
    public static UpstreamGates Gates(TimeProvider time, params UpstreamOptions[] upstreams) =>
        new(new UpstreamCatalog(upstreams), grains: null, new SiloIdentity("test", OwnsCluster: true), time, Metrics(), NullLogger<UpstreamGates>.Instance);

    /// <summary>For a job with this much time.</summary>
    public static CallBudget Budget(double waitSeconds = 60, int attemptsSpent = 0, string flow = "job") =>
        new(new FlowTicket(flow, 0), TimeSpan.FromSeconds(waitSeconds), attemptsSpent);

    /// <summary>The answer of a gate that has answered already: tests on a manual clock never wait.</summary>
    public static GateEntry Result(this Task<GateEntry> entry)
    {
        Assert.True(entry.IsCompletedSuccessfully, "The gate has not answered.");
        return entry.GetAwaiter().GetResult();
    }

    public static Permit Permit(this Task<GateEntry> entry) =>
        entry.Result().Permit ?? throw new InvalidOperationException($"No permit: {entry.Result().Reason}");
}
