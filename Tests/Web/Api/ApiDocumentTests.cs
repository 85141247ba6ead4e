using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Web.Api;

/// <summary><c>/openapi/v1.json</c> describes the API that there is.</summary>
public sealed class ApiDocumentTests(WebHost host) : IClassFixture<WebHost>
{
    [Fact]
    public async Task Document_HasEveryRouteAndNoOther()
    {
        var document = await DocumentAsync();
        var described = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}"));
        var mapped = host.ApiRoutes.SelectMany(route => route.Metadata.OfType<IHttpMethodMetadata>().Single().HttpMethods
            .Select(method => $"{method} {route.RoutePattern.RawText!.TrimEnd('/').Replace(":guid", "", StringComparison.Ordinal)}"));

        Assert.Equal(mapped.Order(), described.Order());
    }

    [Fact]
    public async Task EveryOperation_SaysWhatItIsFor_AndWhatItAnswers()
    {
        foreach (var (name, operation) in await OperationsAsync())
        {
            Assert.True(operation.GetProperty("summary").GetString() is { Length: > 10 }, $"{name} has no summary.");
            Assert.True(operation.GetProperty("responses").EnumerateObject().Any(response => response.Name.StartsWith('2')), $"{name} tells no good answer.");
        }
    }

    [Theory]
    [InlineData("post /api/jobs", "application/json")]
    [InlineData("post /api/jobs/preview", "application/json")]
    [InlineData("post /api/jobs/{id}/retry-failed", "application/json")]
    [InlineData("post /api/coding-profiles", "application/json", "application/x-ndjson", "text/csv")]
    [InlineData("put /api/upstreams/{name}/limits", "application/json")]
    [InlineData("post /api/coding-profiles/delete", "application/json")]
    [InlineData("post /api/ingest", "application/json", "application/x-ndjson", "text/csv")]
    [InlineData("post /api/distributions/{id}/status", "application/json", "text/csv")]
    [InlineData("post /api/coding-profiles/admin/bulk-refresh", "application/json")]
    [InlineData("post /api/coding-profiles/admin/streaming-refresh", "application/json")]
    public async Task OperationThatReadsABody_SaysInWhichFormats(string name, params string[] types)
    {
        var operation = (await OperationsAsync())[name];

        Assert.Equal(types.Order(), operation.GetProperty("requestBody").GetProperty("content").EnumerateObject().Select(type => type.Name).Order());
    }

    [Theory]
    [InlineData("get /api/jobs/{id}/events", "text/event-stream")]
    [InlineData("post /api/coding-profiles/admin/streaming-refresh", "text/event-stream")]
    [InlineData("get /api/jobs/{id}/failures", "application/json", "application/x-ndjson", "text/csv")]
    public async Task OperationThatAnswersOtherwiseThanInJson_SaysSo(string name, params string[] types)
    {
        var operation = (await OperationsAsync())[name];

        Assert.Equal(types.Order(), operation.GetProperty("responses").GetProperty("200").GetProperty("content").EnumerateObject().Select(type => type.Name).Order());
    }

    private async Task<Dictionary<string, JsonElement>> OperationsAsync() => (await DocumentAsync()).GetProperty("paths").EnumerateObject()
        .SelectMany(path => path.Value.EnumerateObject().Select(operation => (Name: $"{operation.Name} {path.Name}", operation.Value)))
        .ToDictionary(operation => operation.Name, operation => operation.Value);

    private async Task<JsonElement> DocumentAsync()
    {
        using var program = host.Program();
        var answer = await program.GetAsync("/openapi/v1.json");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.StartsWith("3.", answer.Json.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        return answer.Json;
    }
}
