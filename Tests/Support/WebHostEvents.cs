using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace OrleansBulk.Tests.Support;

/// <summary>Reads a stream of server-sent events as a browser does, comments included.</summary>
public sealed class WebHostEvents : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly StreamReader _lines;
    private readonly long _askedAt;

    private WebHostEvents(HttpResponseMessage response, Stream body, long askedAt)
    {
        Response = response;
        _lines = new StreamReader(body, Encoding.UTF8);
        _askedAt = askedAt;
    }

    public HttpResponseMessage Response { get; }

    /// <summary>Asks for a stream. The caller disposes it.</summary>
    public static async Task<WebHostEvents> OpenAsync(HttpClient http, HttpRequestMessage request)
    {
        var askedAt = Stopwatch.GetTimestamp();
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode, $"{request.RequestUri} was answered with {response.StatusCode}: {(response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync())}");
        return new WebHostEvents(response, await response.Content.ReadAsStreamAsync(), askedAt);
    }

    /// <summary>The next event or comment; null at the end of the stream.</summary>
    public async Task<Event?> NextAsync()
    {
        var seen = new Event("message", null, "", null, TimeSpan.Zero);
        var any = false;
        while (true)
        {
            var reading = _lines.ReadLineAsync();
            string? line;
            try
            {
                line = await reading.WaitAsync(Patience);
            }
            catch (TimeoutException)
            {
                throw new TimeoutException($"The stream of events said nothing for {Patience.TotalSeconds:0} s; so far of this event: {seen}");
            }

            switch (line)
            {
                case null:
                    return null;
                case "" when any:
                    return seen with { At = Stopwatch.GetElapsedTime(_askedAt) };
                case "":
                    continue;
            }

            any = true;
            seen = line.Split(": ", 2) switch
            {
                ["event", var name] => seen with { Name = name },
                ["id", var id] => seen with { Id = id },
                ["data", var data] => seen with { Data = seen.Data + data },
                ["retry", var retry] => seen with { Name = "retry", Data = retry },
                ["", var comment] => seen with { Name = "comment", Comment = comment },
                _ => throw new InvalidDataException($"'{line}' is no line of an event stream."),
            };
        }
    }

    /// <summary>The next event of this name; what comes before it is passed over.</summary>
    public async Task<Event> NextAsync(string name)
    {
        while (await NextAsync() is { } next)
        {
            if (next.Name == name)
            {
                return next;
            }
        }

        throw new InvalidOperationException($"The stream ended without an event '{name}'.");
    }

    /// <summary>All that comes until the stream ends.</summary>
    public async Task<IReadOnlyList<Event>> ToEndAsync()
    {
        var all = new List<Event>();
        while (await NextAsync() is { } next)
        {
            all.Add(next);
        }

        return all;
    }

    public void Dispose()
    {
        _lines.Dispose();
        Response.Dispose();
    }

    /// <param name="Name">As sent; <c>comment</c> and <c>retry</c> for what is no event.</param>
    /// <param name="At">When it was read, from the moment in which the stream was asked for.</param>
    public sealed record Event(string Name, string? Id, string Data, string? Comment, TimeSpan At)
    {
        public JsonElement Json => JsonDocument.Parse(Data).RootElement;
    }
}
