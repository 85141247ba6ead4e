using System.Net;
using System.Text.RegularExpressions;

namespace OrleansBulk.Benchmarks.Support;

/// <summary>A session of the first admin: what a browser holds, without the browser.</summary>
internal sealed partial class SignedIn : IDisposable
{
    private readonly HttpClient _http;

    private SignedIn(Uri address) => _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = address };

    public static async Task<SignedIn> AsAdminAsync(ServiceProcess service)
    {
        var session = new SignedIn(service.Address);
        var form = await session._http.GetStringAsync("account/sign-in");
        using var answer = await session._http.PostAsync("account/sign-in", new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["name"] = "admin",
            ["password"] = ServiceProcess.AdminPassword,
            ["__RequestVerificationToken"] = Token().Match(form).Groups[1].Value,
        }));
        return answer.StatusCode == HttpStatusCode.Redirect ? session : throw new InvalidOperationException($"Signing in was answered with {(int)answer.StatusCode}.");
    }

    /// <summary>Reads a page to its last byte.</summary>
    /// <exception cref="InvalidOperationException">It is not shown, or says nothing of what it is for.</exception>
    public async Task ReadAsync(string path, string says)
    {
        using var answer = await _http.GetAsync(path);
        var page = await answer.Content.ReadAsStringAsync();
        if (answer.StatusCode != HttpStatusCode.OK || !page.Contains(says, StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"{path} was answered with {(int)answer.StatusCode}, and '{says}' is not on it: {page[..Math.Min(page.Length, 2000)]}");
        }
    }

    public void Dispose() => _http.Dispose();

    [GeneratedRegex("name=\"__RequestVerificationToken\" type=\"hidden\" value=\"([^\"]+)\"")]
    private static partial Regex Token();
}
