using System.Net;
using Microsoft.AspNetCore.Routing;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Api;

/// <summary>Who may do what, over every route there is: one that is added later is among them.</summary>
public sealed class ApiAccessTests(WebHost host) : IClassFixture<WebHost>
{
    [Theory]
    [InlineData(null)]
    [InlineData("wrong")]
    [InlineData("bulk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task WithoutAKeyThatIsKnown_EveryRouteIs401(string? key)
    {
        using var program = host.Program(key);
        foreach (var (method, path) in Routes())
        {
            var answer = await program.SendAsync(method, path, null);

            Assert.Contains("X-Api-Key", answer.Problem(HttpStatusCode.Unauthorized), StringComparison.Ordinal);
            Assert.Contains("ApiKey", answer.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ViewersKey_ReadsAndChangesNothing()
    {
        using var viewer = await host.ProgramAsync(Roles.Viewer);
        using var admin = host.Program();
        var routes = Routes().ToList();
        Assert.True(routes.Count(route => route.Method == HttpMethod.Post) >= 10, "The routes that change something were not found.");
        foreach (var (method, path) in routes)
        {
            if (method == HttpMethod.Get)
            {
                using var seen = await viewer.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead); // some answers are streams without an end
                Assert.True(seen.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"GET {path}: {seen}");
            }
            else
            {
                var refused = await viewer.SendAsync(method, path, null);
                Assert.Contains("viewer", refused.Problem(HttpStatusCode.Forbidden), StringComparison.Ordinal);
            }
        }

        Assert.Empty((await admin.GetAsync("/api/jobs")).Json.GetProperty("items").EnumerateArray());
        Assert.Empty((await admin.GetAsync("/api/coding-profiles")).Json.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task OperatorsKey_StartsAJob_WhichNamesIt()
    {
        using var program = await host.ProgramAsync(Roles.Operator);
        var id = await program.StartPlayedAsync(1);

        Assert.StartsWith("key:operator-", (await program.JobAsync(id)).GetProperty("createdBy").GetString(), StringComparison.Ordinal);
        Assert.True(await host.Postgres.QueryAsync<bool>("SELECT EXISTS (SELECT FROM audit WHERE action = 'job.start' AND subject = $1 AND actor LIKE 'key:operator-%')", id.ToString()));
    }

    [Fact]
    public async Task RevokedKey_IsRefusedWithinTenSeconds()
    {
        var keys = (ApiKeyStore)host.Services.GetService(typeof(ApiKeyStore))!;
        var (id, secret) = await keys.CreateAsync("short-lived", Roles.Viewer, "test", CancellationToken.None);
        using var program = host.Program(secret);
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/api/jobs")).Status);

        Assert.True(await keys.RevokeAsync(id, CancellationToken.None));

        await WebHost.UntilAsync("the revoked key is refused", async () => (await program.GetAsync("/api/jobs")).Status == HttpStatusCode.Unauthorized);
    }

    /// <summary>Every route with every method, with values of the right form that name nothing.</summary>
    private IEnumerable<(HttpMethod Method, string Path)> Routes() =>
        from route in host.ApiRoutes
        from method in route.Metadata.OfType<IHttpMethodMetadata>().Single().HttpMethods
        select (new HttpMethod(method), route.RoutePattern.RawText!
            .Replace("{id:guid}", "019a2f6e-0000-7000-8000-000000000000", StringComparison.Ordinal)
            .Replace("{platform}", "codeforces", StringComparison.Ordinal)
            .Replace("{handle}", "nobody_here", StringComparison.Ordinal));
}
