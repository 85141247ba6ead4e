using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Web.Security;

/// <summary>What a spreadsheet would run when it opens an export.</summary>
public sealed class ExportTests(WebHost host) : IClassFixture<WebHost>
{
    // An export that is added must be added here, with a test that tries it: below, in Distribution/DistributionTests, Hooks/ApiHooksTests and those of leads and provider files.
    private static readonly string[] Known =
    [
        "/api/distributions/{id:guid}/export.csv", "/api/hooks/runs/{id:guid}/export.csv", "/api/jobs/{id:guid}/failures", "/api/leads/export.csv", "/api/providers/file/{id:guid}/rejected.csv",
    ];

    [Fact]
    public void EveryExport_IsTried()
    {
        var exports = host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetOrderedMetadata<IProducesResponseTypeMetadata>().Any(produces => produces.ContentTypes.Contains("text/csv")))
            .Select(endpoint => endpoint.RoutePattern.RawText);

        Assert.Equal(Known, exports.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("=HYPERLINK(\"http://evil.test\")")]
    [InlineData("+1+1")]
    [InlineData("-1+1")]
    [InlineData("@SUM(1)")]
    [InlineData("\t=1+1")]
    [InlineData("\r=1+1")]
    public async Task Formula_InAnyTextOfAnExport_IsText(string formula)
    {
        using var program = host.Program();
        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemFailed(formula, formula, 1));
        var id = await program.StartPlayedAsync(1);
        await program.WhenAsync(id, "completed");

        var csv = (await program.GetAsync($"/api/jobs/{id}/failures?format=csv")).Text;

        var start = formula[..2];
        Assert.DoesNotContain($",{start}", csv, StringComparison.Ordinal);
        Assert.DoesNotContain($",\"{start}", csv, StringComparison.Ordinal);
        Assert.Contains("'" + start, csv, StringComparison.Ordinal);
    }
}
