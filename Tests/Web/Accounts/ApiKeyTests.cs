using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Accounts;

public sealed class ApiKeyTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>, IAsyncLifetime
{
    private TestWeb _web = null!;

    private ApiKeyStore Keys => _web.Services.GetRequiredService<ApiKeyStore>();

    public async Task InitializeAsync() => _web = await TestWeb.StartAsync(
        database.ConnectionString,
        app =>
        {
            app.MapGet("/api/test/unmarked", (HttpContext context) => context.User.ActorName());
            app.MapGet("/api/test/viewer", () => "in").RequireAuthorization(Policies.Viewer);
            app.MapGet("/api/test/operator", () => "in").RequireAuthorization(Policies.Operator);
            app.MapGet("/api/test/admin", () => "in").RequireAuthorization(Policies.Admin);
        });

    public async Task DisposeAsync() => await _web.DisposeAsync();

    [Fact]
    public async Task Key_OpensTheApi_UnderItsName()
    {
        using var program = _web.Program();
        Assert.Equal("key:first", await program.GetStringAsync("/api/test/unmarked"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("short")]
    [InlineData("bulk_unknown_unknown_unknown_unknown_unknown_unk")]
    [InlineData("bulk_test_key_of_the_Admin")]
    public async Task MissingOrUnknownKey_Is401AsProblem_WithASentenceThatSaysWhatToDo(string? key)
    {
        using var program = _web.Program(key);
        foreach (var path in new[] { "/api/test/unmarked", "/api/test/viewer", "/api/there-is-nothing-here", "/metrics" })
        {
            using var answer = await program.GetAsync(path);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            Assert.Equal("ApiKey", Assert.Single(answer.Headers.WwwAuthenticate).Scheme);
            var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
            Assert.Equal(401, problem.GetProperty("status").GetInt32());
            Assert.Contains("X-Api-Key", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
            Assert.Equal(32, problem.GetProperty("traceId").GetString()!.Length);
        }
    }

    [Fact]
    public async Task SeveralKeysInOneRequest_OpenNothing()
    {
        using var program = _web.Program();
        program.DefaultRequestHeaders.Add("X-Api-Key", "bulk_unknown_unknown_unknown");
        using var answer = await program.GetAsync("/api/test/unmarked");
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Theory]
    [InlineData(Roles.Viewer, 200, 403, 403)]
    [InlineData(Roles.Operator, 200, 200, 403)]
    [InlineData(Roles.Admin, 200, 200, 200)]
    public async Task EachRole_MayWhatTheOnesBelowItMay_AndNoMore_ByKeyAndBySession(string role, int viewer, int @operator, int admin)
    {
        using var program = _web.Program((await _web.MakeKeyAsync(role)).Secret);
        using var browser = await _web.VisitAsAsync(role);
        foreach (var (path, expected) in new[] { ("/api/test/viewer", viewer), ("/api/test/operator", @operator), ("/api/test/admin", admin) })
        {
            using var byKey = await program.GetAsync(path);
            using var bySession = await browser.GetAsync(path);
            foreach (var answer in new[] { byKey, bySession })
            {
                Assert.Equal(expected, (int)answer.StatusCode);
                if (expected == 403)
                {
                    Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
                    Assert.Contains($"'{role}'", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString(), StringComparison.Ordinal);
                }
            }
        }
    }

    [Fact]
    public async Task RevokedKey_IsRefusedAfterTenSecondsAtTheLatest()
    {
        var (id, secret) = await _web.MakeKeyAsync(Roles.Viewer);
        using var program = _web.Program(secret);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync());

        Assert.True(await Keys.RevokeAsync(id, default));
        Assert.False(await Keys.RevokeAsync(id, default));
        _web.Clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync()); // believed for a short time: not a query per request
        _web.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync());

        async Task<HttpStatusCode> StatusAsync()
        {
            using var answer = await program.GetAsync("/api/test/viewer");
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task Use_IsWrittenDownAMinuteLater_AndNotByTheRequest()
    {
        var (id, secret) = await _web.MakeKeyAsync(Roles.Viewer);
        using var program = _web.Program(secret);
        await program.GetStringAsync("/api/test/viewer");
        var used = _web.Clock.GetUtcNow();
        Assert.True(await database.QueryAsync<bool>("SELECT last_used_at IS NULL FROM api_keys WHERE id = $1", id));

        _web.Clock.Advance(ApiKeyUse.Every);
        await database.WaitUntilAsync("the use of the key is written down", "SELECT last_used_at = $2 FROM api_keys WHERE id = $1", id, used);

        // The note goes a moment after the row shows it; then nothing is left to be written.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await _web.Services.GetRequiredService<ApiKeyUse>().RunOnceAsync(default) > 0)
        {
            patience.Token.ThrowIfCancellationRequested();
        }
    }

    [Fact]
    public async Task Use_IsWrittenDownAtTheStop()
    {
        var (id, secret) = await _web.MakeKeyAsync(Roles.Viewer);
        await using (var stopping = await TestWeb.StartAsync(database.ConnectionString))
        {
            using var program = stopping.Program(secret);
            await program.GetStringAsync("/metrics");
        }

        Assert.True(await database.QueryAsync<bool>("SELECT last_used_at IS NOT NULL FROM api_keys WHERE id = $1", id));
    }

    [Fact]
    public async Task Use_OfAnEarlierTime_DoesNotOverwriteALaterOne()
    {
        var (id, _) = await _web.MakeKeyAsync(Roles.Viewer);
        var (earlier, later) = (_web.Clock.GetUtcNow(), _web.Clock.GetUtcNow().AddMinutes(5));
        await Keys.TouchAsync([id], [later], default);
        await Keys.TouchAsync([id], [earlier], default);
        Assert.True(await database.QueryAsync<bool>("SELECT last_used_at = $2 FROM api_keys WHERE id = $1", id, later));
    }

    [Fact]
    public async Task Key_IsKeptAsHashOnly()
    {
        var (id, secret) = await _web.MakeKeyAsync(Roles.Viewer);
        using var program = _web.Program(secret);
        await program.GetStringAsync("/api/test/viewer");

        Assert.Matches("^bulk_[A-Za-z0-9_-]{43}$", secret);
        var row = await database.QueryAsync<string>("SELECT api_keys::text FROM api_keys WHERE id = $1", id);
        Assert.DoesNotContain(secret[ApiKeySecret.Prefix(secret).Length..], row, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(ApiKeySecret.Hash(secret)), row, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, _web.Log.All, StringComparison.Ordinal);
    }
}
