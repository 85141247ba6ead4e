using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Tests.Web.Security;

/// <summary>The program itself, as it is composed: whoever adds an endpoint is covered.</summary>
public sealed class DoorsTests : IAsyncLifetime
{
    // What answers to strangers, and with what. Nothing may be added here without a reason.
    private static readonly Dictionary<string, HttpStatusCode> Open = new()
    {
        ["GET /healthz"] = HttpStatusCode.OK,
        ["GET /readyz"] = HttpStatusCode.OK,
        ["GET /account/sign-in"] = HttpStatusCode.OK,
        ["POST /account/sign-in"] = HttpStatusCode.BadRequest, // no token
        ["GET /account/sign-out"] = HttpStatusCode.Redirect,
        ["POST /account/sign-out"] = HttpStatusCode.Redirect,
    };

    private PostgresDatabase _database = null!;
    private WebApplicationFactory<UserStore> _web = null!;

    public async Task InitializeAsync()
    {
        _database = await PostgresDatabase.CreateAsync();
        _web = new WebApplicationFactory<UserStore>().WithWebHostBuilder(host => host
            .UseEnvironment("Production")
            .UseSetting("ConnectionStrings:Bulk", _database.ConnectionString)
            .UseSetting("BULK_ADMIN_PASSWORD", TestWeb.AdminPassword)
            .UseSetting("BULK_API_KEY", TestWeb.AdminKey));
    }

    public async Task DisposeAsync()
    {
        await _web.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task EveryEndpoint_IsClosedToStrangers_ButTheKnownOnes()
    {
        using var stranger = _web.CreateClient(new() { AllowAutoRedirect = false });
        var checkedOnes = new HashSet<string>();
        foreach (var (method, path) in Endpoints())
        {
            using var answer = await stranger.SendAsync(new(new(method), path));
            var door = $"{method} {path}";
            checkedOnes.Add(door);
            if (Open.TryGetValue(door, out var status))
            {
                Assert.True(answer.StatusCode == status, $"{door} answers {answer.StatusCode} to strangers; expected is {status}.");
            }
            else if (ApiPaths.Cover(path))
            {
                Assert.True(answer.StatusCode == HttpStatusCode.Unauthorized, $"{door} answers {answer.StatusCode} to strangers.");
            }
            else
            {
                var location = answer.Headers.Location?.OriginalString ?? "";
                Assert.True(location.StartsWith("/account/sign-in?", StringComparison.Ordinal), $"{door} answers {answer.StatusCode} {location} to strangers.");
            }
        }

        Assert.Superset(Open.Keys.ToHashSet(), checkedOnes);
        Assert.Contains("GET /account/password", checkedOnes);
        Assert.Contains("GET /metrics", checkedOnes);
    }

    [Fact]
    public async Task Program_LetsTheFirstKeyAndTheFirstAdminIn()
    {
        using var program = _web.CreateClient();
        program.DefaultRequestHeaders.Add("X-Api-Key", TestWeb.AdminKey);
        Assert.Contains("# TYPE", await program.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.Equal("admin", await _database.QueryAsync<string>("SELECT name FROM users"));
        using var style = await program.GetAsync("/app.css");
        Assert.Equal("text/css", style.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Program_IsReadyWhenDatabaseAndGrainsAnswer()
    {
        using var anybody = _web.CreateClient();
        Assert.Equal("{\"status\":\"ready\",\"checks\":{\"database\":\"ready\",\"grains\":\"ready\"}}", await anybody.GetStringAsync("/readyz"));
    }

    private IEnumerable<(string Method, string Path)> Endpoints() =>
        from endpoint in _web.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET", "POST"] // a page takes both
        select (method, Path(endpoint.RoutePattern));

    private static string Path(RoutePattern route) => "/" + string.Join('/', route.PathSegments.Select(segment => string.Concat(segment.Parts.Select(Text))));

    // A value for each parameter that fits whatever constraint it has.
    private static string Text(RoutePatternPart part) => part switch
    {
        RoutePatternLiteralPart literal => literal.Content,
        RoutePatternSeparatorPart separator => separator.Content,
        RoutePatternParameterPart { ParameterPolicies: var policies } when policies.Any(policy => policy.Content is "guid") => Guid.Empty.ToString(),
        _ => "1",
    };
}
