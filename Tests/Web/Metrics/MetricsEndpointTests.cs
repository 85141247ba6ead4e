using System.Net;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Metrics;

public sealed class MetricsEndpointTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>
{
    [Fact]
    public async Task ViewersKey_ReadsMetrics_ThatAStrictReaderTakes()
    {
        await using var web = await TestWeb.StartAsync(database.ConnectionString);
        using var program = web.Program((await web.MakeKeyAsync(Roles.Viewer)).Secret);
        (await program.GetAsync("/readyz")).Dispose();

        using var answer = await program.GetAsync("/metrics");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        var families = PrometheusParser.Parse(await answer.Content.ReadAsStringAsync());

        Assert.Equal(
            1,
            families["http_server_request_duration_seconds"].Count(
                ("http_request_method", "GET"), ("http_response_status_code", "200"), ("http_route", "/readyz"), ("network_protocol_version", "1.1"), ("url_scheme", "http")));
        Assert.Equal(1, families["http_server_active_requests"].Value(("http_request_method", "GET"), ("url_scheme", "http")));
        Assert.Equal("gauge", families["dotnet_thread_pool_queue_length"].Type);
        Assert.Contains("dotnet_gc_last_collection_heap_size_bytes", families.Keys);
        var pools = families["db_client_connection_max"].Samples.ConvertAll(sample => sample.Labels["db_client_connection_pool_name"]);
        Assert.Contains("bulk-interactive", pools);
        Assert.Contains("bulk-jobs", pools);
    }

    [Theory]
    [InlineData(null, HttpStatusCode.Unauthorized)]
    [InlineData("true", HttpStatusCode.OK)]
    public async Task Metrics_AreOpenOnlyWhereTheSettingSaysSo(string? isPublic, HttpStatusCode expected)
    {
        await using var web = await TestWeb.StartAsync(database.ConnectionString, settings: ("Metrics:Public", isPublic));
        using var anybody = web.Program(key: null);
        using var answer = await anybody.GetAsync("/metrics");
        Assert.Equal(expected, answer.StatusCode);
    }
}
