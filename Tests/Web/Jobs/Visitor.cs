using System.Net;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Web.Jobs;

/// <summary>Somebody who looks at the pages.</summary>
internal static class Visitor
{
    /// <summary>A new user of this role, signed in.</summary>
    public static async Task<Browser> SignInAsync(WebHost host, string role)
    {
        var browser = new Browser(host.Address) { UserName = await host.AddUserAsync(role) };
        using var answer = await browser.SignInAsync(browser.UserName, WebHost.AdminPassword);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        return browser;
    }
}
