using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

/// <summary>What tests of upstreams have in common.</summary>
internal static class UpstreamTests
{
    public static UpstreamOptions Options(int concurrency = 10, string limits = "none") => new()
    {
        Name = "sample", BaseUrl = new Uri("http://127.0.0.1:9"), Concurrency = concurrency, Limits = CallLimit.ParseList(limits),
    };

    /// <summary>The answer of a gate that has answered already: tests on a manual clock never wait.</summary>
    public static GateEntry Result(this Task<GateEntry> entry)
    {
        Assert.True(entry.IsCompletedSuccessfully, "The gate has not answered.");
        return entry.GetAwaiter().GetResult();
    }

    public static Permit Permit(this Task<GateEntry> entry) =>
        entry.Result().Permit ?? throw new InvalidOperationException($"No permit: {entry.Result().Reason}");
}
