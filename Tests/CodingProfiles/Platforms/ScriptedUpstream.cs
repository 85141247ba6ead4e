using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace OrleansBulk.Tests.CodingProfiles.Platforms;

/// <summary>A call as the upstream saw it.</summary>
internal sealed record SeenCall(string Method, string Path, string Query, IHeaderDictionary Headers, string Body)
{
    public string Header(string name) => Headers[name].ToString();
}

/// <summary>
/// An upstream over real HTTP that answers what a test says: one answer after the other, the last of them for ever; or by the call. Records what it was asked.
/// </summary>
internal sealed class ScriptedUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<SeenCall> _seen = new();
    private readonly ConcurrentQueue<ScriptedAnswer> _next = new();
    private Func<SeenCall, ScriptedAnswer>? _answer;
    private ScriptedAnswer _last = ScriptedAnswer.Json("{}");

    private ScriptedUpstream(WebApplication app)
    {
        _app = app;
        app.Run(AnswerAsync);
    }

    public IReadOnlyList<SeenCall> Seen => [.. _seen];

    public Uri Url { get; private set; } = null!;

    public static async Task<ScriptedUpstream> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        var upstream = new ScriptedUpstream(builder.Build());
        await upstream._app.StartAsync();
        var addresses = upstream._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        upstream.Url = new Uri(addresses.Addresses.First());
        return upstream;
    }

    /// <summary>Answers with these, one after the other; the last one stays.</summary>
    public ScriptedUpstream Answers(params ScriptedAnswer[] answers)
    {
        foreach (var answer in answers)
        {
            _next.Enqueue(answer);
        }

        return this;
    }

    public ScriptedUpstream AnswersBy(Func<SeenCall, ScriptedAnswer> answer)
    {
        _answer = answer;
        return this;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body, Encoding.UTF8);
        var call = new SeenCall(http.Request.Method, http.Request.Path, http.Request.QueryString.Value ?? "", new HeaderDictionary(http.Request.Headers.ToDictionary()), await reader.ReadToEndAsync());
        _seen.Enqueue(call);
        if (_answer is null && _next.TryDequeue(out var next))
        {
            _last = next;
        }

        await (_answer?.Invoke(call) ?? _last).WriteAsync(http);
    }
}
