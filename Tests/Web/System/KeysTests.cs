using System.Net;
using System.Text.RegularExpressions;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.SystemPages;

/// <summary>The pages on which admins make and revoke the keys of programs.</summary>
public sealed partial class KeysTests(WebHost host) : IClassFixture<WebHost>
{
    [Fact]
    public async Task MadeKey_IsShownOnce_OpensWithItsScope_AndIsRefusedAtOnceWhenRevoked()
    {
        using var admin = await Visitor.SignInAsync(host, Roles.Admin);
        var name = $"export <b>&-{Guid.NewGuid():N}";

        using var answer = await admin.SubmitAsync("/system/keys", new Dictionary<string, string> { ["name"] = name, ["scope"] = Roles.Viewer });
        var secret = UsersTests.Secret(await answer.Content.ReadAsStringAsync());
        using var program = host.Program(secret);
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/api/jobs")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await program.PostAsync("/api/jobs", "{}")).Status);
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM api_keys WHERE api_keys::text LIKE '%' || $1 || '%'", secret));

        var list = await admin.ReadAsync("/system/keys");
        Assert.DoesNotContain(secret, list, StringComparison.Ordinal);
        Assert.Contains(WebUtility.HtmlEncode(name), list, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>", list, StringComparison.Ordinal);
        var id = await host.Postgres.QueryAsync<Guid>("SELECT id FROM api_keys WHERE name = $1", name);
        Assert.Contains($"/system/keys/{id}/revoke", list, StringComparison.Ordinal);
        Assert.Contains("cannot be undone", await admin.ReadAsync($"/system/keys/{id}/revoke"), StringComparison.Ordinal);

        using var revoked = await admin.SubmitAsync($"/system/keys/{id}/revoke", new Dictionary<string, string>());

        Assert.Equal(HttpStatusCode.Redirect, revoked.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await program.GetAsync("/api/jobs")).Status); // at once, not when what was read is too old
        Assert.Equal(["key.make", "key.revoke"], new[]
        {
            await host.Postgres.QueryAsync<string>("SELECT min(action) FROM audit WHERE subject = $1 AND actor = $2", id.ToString(), admin.UserName),
            await host.Postgres.QueryAsync<string>("SELECT max(action) FROM audit WHERE subject = $1 AND actor = $2", id.ToString(), admin.UserName),
        });
    }

    [Theory]
    [InlineData("", "viewer", "A name has 1 to 64")]
    [InlineData("bell\u0007", "viewer", "none of them a control character")]
    [InlineData("fine", "emperor", "A scope is one of viewer, operator, admin.")]
    public async Task KeyThatCannotBe_GetsASentence(string name, string scope, string expected)
    {
        using var admin = await Visitor.SignInAsync(host, Roles.Admin);

        using var answer = await admin.SubmitAsync("/system/keys", new Dictionary<string, string> { ["name"] = name, ["scope"] = scope });

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(expected, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WalkOverAllPages_MeetsEachKeyOnce()
    {
        await host.Postgres.ExecuteAsync("INSERT INTO api_keys (id, name, prefix, hash, scope, created_by) SELECT gen_random_uuid(), 'walk ' || n, 'bulk_', sha256(n::text::bytea), 'viewer', 'test' FROM generate_series(1, 120) n");
        using var admin = await Visitor.SignInAsync(host, Roles.Admin);
        var seen = new List<string>();
        for (var path = "/system/keys"; path is not null;)
        {
            var page = await admin.ReadAsync(path);
            seen.AddRange(Walked().Matches(page).Select(key => key.Value));
            path = Older().Match(page) is { Success: true } older ? WebUtility.HtmlDecode(older.Groups[1].Value) : null;
        }

        Assert.Equal(120, seen.Count);
        Assert.Equal(120, seen.Distinct().Count());
    }

    [GeneratedRegex("walk [0-9]+(?=</td>)")]
    private static partial Regex Walked();

    [GeneratedRegex(" rel=\"next\" href=\"([^\"]+)\"")]
    private static partial Regex Older();
}
