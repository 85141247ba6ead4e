using System.Text;
using Microsoft.AspNetCore.Http;

namespace OrleansBulk.Tests.CodingProfiles.Platforms;

/// <summary>What a scripted upstream answers, and how the answer goes wrong on its way.</summary>
internal sealed record ScriptedAnswer
{
    public const string ChallengePage = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><div id=\"challenge-platform\"></div></body></html>";
    public const string NginxPage = "<html><head><title>503 Service Temporarily Unavailable</title></head><body><center><h1>503 Service Temporarily Unavailable</h1></center><hr><center>nginx</center></body></html>";

    public int Status { get; init; } = 200;

    public string? ContentType { get; init; } = "application/json; charset=utf-8";

    public byte[] Body { get; init; } = [];

    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Announces the whole length and breaks the connection after this many bytes.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Breaks the connection before any answer.</summary>
    public bool Disconnects { get; init; }

    /// <summary>Answers when this is completed, or when the caller goes away.</summary>
    public Task? Until { get; init; }

    public static ScriptedAnswer Json(string json, int status = 200) => new() { Status = status, Body = Encoding.UTF8.GetBytes(json) };

    public static ScriptedAnswer Html(string html, int status = 200) => new() { Status = status, ContentType = "text/html; charset=utf-8", Body = Encoding.UTF8.GetBytes(html) };

    public static ScriptedAnswer Text(string text, int status = 200) => new() { Status = status, ContentType = "text/plain; charset=utf-8", Body = Encoding.UTF8.GetBytes(text) };

    public static ScriptedAnswer Empty(int status = 200) => new() { Status = status };

    public static ScriptedAnswer File(string name) => new() { Body = System.IO.File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Data", name)) };

    public ScriptedAnswer With(string header, string value) => this with { Headers = new Dictionary<string, string>(Headers) { [header] = value } };

    public async Task WriteAsync(HttpContext http)
    {
        if (Until is not null)
        {
            await Until.WaitAsync(http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        }

        if (Disconnects)
        {
            http.Abort();
            return;
        }

        http.Response.StatusCode = Status;
        http.Response.ContentType = ContentType;
        foreach (var (name, value) in Headers)
        {
            http.Response.Headers[name] = value;
        }

        if (CutAfter is { } bytes)
        {
            http.Response.ContentLength = Body.Length;
            await http.Response.Body.WriteAsync(Body.AsMemory(0, bytes), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted); // too few bytes: the server ends the connection
        }
        else if (Body.Length > 0 && Status is not (204 or 304))
        {
            await http.Response.Body.WriteAsync(Body, http.RequestAborted);
        }
    }
}
