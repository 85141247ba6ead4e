using System.Net;
using System.Text;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.CodingProfiles;

/// <summary>Registering profiles in the page.</summary>
public sealed class RegisterTests(WebHost host) : IClassFixture<WebHost>
{
    [Fact]
    public async Task PastedLines_AreRegistered_AndWhatIsWrongIsNamedWithItsReason()
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        var answer = await SendAsync(browser, "codeforces,pasted1\ncodeforces,pasted1\ngithub, pasted-2 ,team\ngeocities,x\ncodeforces,no good\n");

        Assert.Contains("<dt><i class=\"swatch succeeded\"></i>Registered</dt><dd>2</dd>", answer.Page, StringComparison.Ordinal);
        Assert.Contains("Already known</dt><dd>1</dd>", answer.Page, StringComparison.Ordinal);
        Assert.Contains("Rejected</dt><dd>2</dd>", answer.Page, StringComparison.Ordinal);
        Assert.Matches("<td class=\"number\">4</td><td>There is no platform &#x27;geocities&#x27;", answer.Page);
        Assert.Equal(1, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM coding_profiles WHERE handle = 'pasted-2' AND owner = 'team'"));
        Assert.Equal(1, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM audit WHERE action = 'profiles.register' AND actor = $1", browser.UserName));
    }

    [Theory]
    [InlineData("list.csv", "platform,handle\nleetcode,file1\n")]
    [InlineData("LIST.NDJSON", "{\"platform\":\"leetcode\",\"handle\":\"file2\"}\n")]
    [InlineData("list.json", "[{\"platform\":\"leetcode\",\"handle\":\"file3\"}]")]
    public async Task File_IsReadAsItsNameSays(string name, string content)
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        var answer = await SendAsync(browser, null, name, content);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Contains("Registered</dt><dd>1</dd>", answer.Page, StringComparison.Ordinal);
        Assert.Contains("All of it was taken", answer.Page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[{\"platform\":\"atcoder\",\"handle\":\"json1\"}]")]
    [InlineData("{\"platform\":\"atcoder\",\"handle\":\"json2\"}\n{\"platform\":\"atcoder\",\"handle\":\"json2\"}")]
    [InlineData("handle,platform\njson3,atcoder")]
    public async Task PastedText_IsReadAsWhatItLooksLike(string text)
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        Assert.Contains("Registered</dt><dd>1</dd>", (await SendAsync(browser, text)).Page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", null, null, HttpStatusCode.BadRequest, "there was nothing to register")]
    [InlineData("codeforces,both", "list.csv", "platform,handle\ncodeforces,both\n", HttpStatusCode.BadRequest, "Send either a file or a text")]
    [InlineData("", "list.xlsx", "PK", HttpStatusCode.UnsupportedMediaType, "must end with .csv")]
    [InlineData("", "list.json", "[{\"platform\":", HttpStatusCode.BadRequest, "Nothing was registered.")]
    public async Task WhatCannotBeRead_GetsASentence_AndRegistersNothing(string text, string? name, string? content, HttpStatusCode status, string sentence)
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        var answer = await SendAsync(browser, text, name, content);

        Assert.Equal(status, answer.Status);
        Assert.Contains(sentence, answer.Page, StringComparison.Ordinal);
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM coding_profiles WHERE handle = 'both'"));
    }

    [Fact]
    public async Task PastedMarkup_StaysText()
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        var answer = await SendAsync(browser, "codeforces,</textarea><script>alert(1)</script>");

        Assert.DoesNotContain("<script>alert", answer.Page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Viewer_Gets403()
    {
        using var viewer = await Visitor.SignInAsync(host, Roles.Viewer);
        using var page = await viewer.GetAsync("/coding-profiles/register");
        var sent = await SendAsync(viewer, "codeforces,viewer", token: await viewer.TokenAsync("/account/password"));

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (page.StatusCode, sent.Status));
        Assert.DoesNotContain("/coding-profiles/register", await viewer.ReadAsync("/coding-profiles"), StringComparison.Ordinal);
    }

    private static async Task<(HttpStatusCode Status, string Page)> SendAsync(Browser browser, string? text, string? name = null, string? content = null, string? token = null)
    {
        using var form = new MultipartFormDataContent { { new StringContent(token ?? await browser.TokenAsync("/coding-profiles/register")), "__RequestVerificationToken" } };
        if (text is not null)
        {
            form.Add(new StringContent(text), "text");
        }

        if (name is not null)
        {
            form.Add(new ByteArrayContent(Encoding.UTF8.GetBytes(content!)), "file", name);
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, "/coding-profiles/register") { Content = form };
        using var answer = await browser.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
