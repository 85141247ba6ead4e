using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace OrleansBulk.Tests.Support;

/// <summary>A program that calls the API over HTTP. Follows no redirects and keeps no cookies.</summary>
public sealed class WebHostClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public WebHostClient(Uri address, string? key)
    {
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, Expect100ContinueTimeout = Patience }) { BaseAddress = address, Timeout = Patience };
        if (key is not null)
        {
            Http.DefaultRequestHeaders.Add("X-Api-Key", key);
        }
    }

    public HttpClient Http { get; }

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    /// <summary>Sends JSON: a text as it is, anything else serialised; null sends no body at all.</summary>
    public Task<Answer> PostAsync(string path, object? body = null, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, body is null ? null : Text(body as string ?? JsonSerializer.Serialize(body), "application/json"), headers);

    /// <summary>Sends a body of another kind.</summary>
    public Task<Answer> PostTextAsync(string path, string body, string contentType) => SendAsync(HttpMethod.Post, path, Text(body, contentType));

    public async Task<Answer> SendAsync(HttpMethod method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await Http.SendAsync(request);
        return new Answer(response.StatusCode, response.Headers, response.Content.Headers, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Starts a job and answers its id.</summary>
    public async Task<Guid> StartAsync(object request)
    {
        var answer = await PostAsync("/api/jobs", request);
        Assert.True(answer.Status == HttpStatusCode.Accepted, $"The job was not taken: {answer}");
        return answer.Json.GetProperty("id").GetGuid();
    }

    /// <summary>Starts a job of the played workload.</summary>
    public Task<Guid> StartPlayedAsync(int items, int? maxConcurrency = null) => StartAsync(new { workload = TestWorkload.WorkloadName, spec = new { items }, maxConcurrency });

    public async Task<JsonElement> JobAsync(Guid id) => (await GetAsync($"/api/jobs/{id}")).Json;

    /// <summary>Waits until the job has this status, and answers it.</summary>
    public async Task<JsonElement> WhenAsync(Guid id, string status)
    {
        JsonElement job = default;
        await WebHost.UntilAsync(() => $"job {id} is {status}; it was {job}", async () =>
            (job = await JobAsync(id)).GetProperty("status").GetString() == status);
        return job;
    }

    /// <summary>Opens a stream of events. The caller disposes it.</summary>
    public async Task<WebHostEvents> OpenEventsAsync(string path, string? lastEventId = null, object? body = null)
    {
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, path) { Content = body is null ? null : Text(JsonSerializer.Serialize(body), "application/json") };
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        return await WebHostEvents.OpenAsync(Http, request);
    }

    public void Dispose() => Http.Dispose();

    private static StringContent Text(string body, string contentType) => new(body, Encoding.UTF8) { Headers = { ContentType = MediaTypeHeaderValue.Parse(contentType) } };

    /// <summary>What came back.</summary>
    public sealed record Answer(HttpStatusCode Status, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders, string Text)
    {
        /// <summary>The body as JSON.</summary>
        public JsonElement Json => JsonDocument.Parse(Text).RootElement;

        public string? MediaType => ContentHeaders.ContentType?.MediaType;

        /// <summary>The sentence of a problem, after a look at whether it is one.</summary>
        public string Problem(HttpStatusCode status)
        {
            Assert.True(Status == status, $"Expected {(int)status}: {this}");
            Assert.Equal("application/problem+json", MediaType);
            Assert.Equal((int)status, Json.GetProperty("status").GetInt32());
            Assert.False(string.IsNullOrEmpty(Json.GetProperty("traceId").GetString()));
            var sentence = Json.GetProperty("detail").GetString()!;
            Assert.EndsWith(".", sentence, StringComparison.Ordinal);
            return sentence;
        }

        public override string ToString() => $"{(int)Status} {(Text.Length > 2000 ? Text[..2000] + "…" : Text)}";
    }
}
