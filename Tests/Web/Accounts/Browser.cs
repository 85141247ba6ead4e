using System.Net;
using System.Text.RegularExpressions;

namespace OrleansBulk.Tests.Web;

/// <summary>Does what a browser does with cookies and forms, and nothing by itself.</summary>
public sealed partial class Browser : IDisposable
{
    private readonly HttpClient _client;

    public Browser(Uri address)
    {
        Cookies = new();
        _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = Cookies }) { BaseAddress = address };
    }

    public CookieContainer Cookies { get; }

    public string? UserName { get; set; }

    public Task<HttpResponseMessage> GetAsync(string path) => _client.GetAsync(path);

    /// <summary>An answer that may go on for long: its head is here, the rest comes.</summary>
    public Task<HttpResponseMessage> OpenAsync(string path) => _client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);

    public Task<string> ReadAsync(string path) => _client.GetStringAsync(path);

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request) => _client.SendAsync(request);

    /// <summary>Opens the page, fills in its form and sends it with the page's token, or with another one.</summary>
    public async Task<HttpResponseMessage> SubmitAsync(string path, IReadOnlyDictionary<string, string> fields, string? token = null)
    {
        token ??= await TokenAsync(path);
        return await _client.PostAsync(path, new FormUrlEncodedContent(fields.Append(new("__RequestVerificationToken", token))));
    }

    public Task<HttpResponseMessage> PostAsync(string path, IReadOnlyDictionary<string, string> fields) => _client.PostAsync(path, new FormUrlEncodedContent(fields));

    /// <summary>Sends fields as a form, names more than once among them.</summary>
    public Task<HttpResponseMessage> PostFieldsAsync(string path, IEnumerable<KeyValuePair<string, string>> fields) => _client.PostAsync(path, new FormUrlEncodedContent(fields));

    /// <summary>The antiforgery token in the first form of a page.</summary>
    public async Task<string> TokenAsync(string path)
    {
        var page = await ReadAsync(path);
        var token = Token().Match(page);
        return token.Success ? token.Groups[1].Value : throw new InvalidOperationException($"The page {path} has no form with a token: {page}");
    }

    public Task<HttpResponseMessage> SignInAsync(string name, string password, string? returnUrl = null) => SubmitAsync(
        "/account/sign-in",
        new Dictionary<string, string> { ["name"] = name, ["password"] = password, ["returnUrl"] = returnUrl ?? "" });

    /// <summary>Whether there is a session now: a page that needs one opens.</summary>
    public async Task<bool> IsSignedInAsync()
    {
        using var answer = await GetAsync("/account/password");
        return answer.StatusCode switch
        {
            HttpStatusCode.OK => true,
            HttpStatusCode.Redirect => false,
            var other => throw new InvalidOperationException($"The answer to 'is there a session' was {other}."),
        };
    }

    public void Dispose() => _client.Dispose();

    [GeneratedRegex("name=\"__RequestVerificationToken\" type=\"hidden\" value=\"([^\"]+)\"")]
    private static partial Regex Token();
}
