using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Errors;
using OrleansBulk.Web.Security;

namespace OrleansBulk.Tests.Web.Security;

public sealed class ErrorsTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>, IAsyncLifetime
{
    // What says how long each chunk is counts as body too.
    private const int ForChunks = 16 * 1024;
    private const string Internals = "internals that nobody should see";
    private TestWeb _web = null!;
    private HttpClient _program = null!;

    public async Task InitializeAsync()
    {
        _web = await TestWeb.StartAsync(
            database.ConnectionString,
            app =>
            {
                app.MapGet("/api/test/fail", string () => throw new InvalidOperationException(Internals));
                app.MapGet("/test/fail", string () => throw new InvalidOperationException(Internals));
                app.MapGet("/api/test/no-silo", string () => throw new SiloUnavailableException("internals that nobody should see"));
                app.MapGet("/api/test/missing", string () => throw JobNotFoundException.For(Guid.Empty));
                app.MapGet("/api/test/conflict", () => Problems.Conflict("It is finished.", ("state", "completed")));
                app.MapGet("/api/test/unavailable", () => Problems.Unavailable("Not now.", TimeSpan.FromSeconds(7.2)));
                app.MapPost("/api/test/json", (Body body) => body.Name);
                app.MapPost("/api/test/read", ReadAsync);
                app.MapPost("/api/test/large", ReadAsync).WithBodyLimit(2 * BodyLimit.DefaultBytes);
            });
        _program = _web.Program();
    }

    public async Task DisposeAsync()
    {
        _program.Dispose();
        await _web.DisposeAsync();
    }

    [Fact]
    public async Task UnknownRoute_Is404AsProblem_ThatNamesIt()
    {
        var problem = await ProblemAsync(await _program.GetAsync("/api/nothing/here"), 404);
        Assert.Contains("GET /api/nothing/here", Detail(problem), StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownPage_Is404AsPage()
    {
        using var browser = await _web.VisitAsAsync("viewer");
        using var answer = await browser.GetAsync("/nothing/<script>here");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        var page = await answer.Content.ReadAsStringAsync();
        Assert.Contains("There is no page at this address.", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongMethod_Is405_AndSaysWhichIsRight()
    {
        using var answer = await _program.DeleteAsync("/api/test/json");
        Assert.Equal("POST", Assert.Single(answer.Content.Headers.Allow));
        Assert.Contains("it takes POST", Detail(await ProblemAsync(answer, 405)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongFormat_Is415_AndSaysWhatIsRead()
    {
        using var image = new ByteArrayContent([0x89, 0x50, 0x4e, 0x47]) { Headers = { ContentType = new("image/png") } };
        var problem = await ProblemAsync(await _program.PostAsync("/api/test/json", image), 415);
        Assert.Contains("image/png", Detail(problem), StringComparison.Ordinal);
        Assert.Contains("application/json", Detail(problem), StringComparison.Ordinal);
    }

    [Fact]
    public async Task BadJson_Is400_AndSaysWhere()
    {
        using var body = new StringContent("{\n  \"name\": \"x\",\n  \"count\": many\n}", Encoding.UTF8, "application/json");
        var problem = await ProblemAsync(await _program.PostAsync("/api/test/json", body), 400);
        Assert.Equal(3, problem.GetProperty("line").GetInt64());
        Assert.Equal(12, problem.GetProperty("byte").GetInt64());
        Assert.Contains("line 3, byte 12", Detail(problem), StringComparison.Ordinal);
    }

    [Fact]
    public async Task JsonOfAnotherShape_Is400_AndSaysAtWhichMember()
    {
        using var body = new StringContent("{\"name\": \"x\", \"count\": \"seven\"}", Encoding.UTF8, "application/json");
        var problem = await ProblemAsync(await _program.PostAsync("/api/test/json", body), 400);
        Assert.Equal("$.count", problem.GetProperty("path").GetString());
        Assert.DoesNotContain("OrleansBulk", Detail(problem), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoBodyAtAll_Is400()
    {
        using var body = new StringContent("", Encoding.UTF8, "application/json");
        await ProblemAsync(await _program.PostAsync("/api/test/json", body), 400);
    }

    [Theory]
    [InlineData("/api/test/read", 1, 200)]
    [InlineData("/api/test/read", 2, 413)]
    [InlineData("/api/test/large", 2, 200)]
    [InlineData("/api/test/large", 3, 413)]
    public async Task BodyBeyondTheLimitOfItsAddress_Is413(string path, int megabytes, int status)
    {
        foreach (var chunked in new[] { false, true })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(new byte[(megabytes * BodyLimit.DefaultBytes) - ForChunks]) };
            request.Headers.TransferEncodingChunked = chunked;
            using var answer = await _program.SendAsync(request);
            Assert.Equal(status, (int)answer.StatusCode);
            if (status == 413)
            {
                Assert.Contains("smaller parts", Detail(await ProblemAsync(answer, 413)), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task JsonCutInTheMiddle_Is400_AndSaysWhereItEnds()
    {
        using var body = new StringContent("{\n  \"name\": \"x", Encoding.UTF8, "application/json");
        var problem = await ProblemAsync(await _program.PostAsync("/api/test/json", body), 400);
        Assert.Equal(2, problem.GetProperty("line").GetInt64());
    }

    [Fact]
    public async Task BodyWithBrokenChunks_Is400()
    {
        using var connection = await PostRawAsync("Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n{\"nam\r\nnot a size\r\n");
        using var reader = new StreamReader(connection.GetStream());
        var answer = await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60));

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains("application/problem+json", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectionCutInTheMiddleOfABody_IsNoFaultOfOurs()
    {
        using (await PostRawAsync("Content-Length: 100\r\n\r\n{\"name\": "))
        {
            await LoggedAsync("Request starting HTTP/1.1 POST");
        }

        await LoggedAsync("Request finished HTTP/1.1 POST");

        Assert.Equal("", _web.Log.At(LogLevel.Error));
        Assert.Equal("", _web.Log.At(LogLevel.Critical));
    }

    [Fact]
    public async Task Fault_Is500WithoutInternals_AndLoggedUnderItsTrace()
    {
        var problem = await ProblemAsync(await _program.GetAsync("/api/test/fail"), 500);
        var trace = problem.GetProperty("traceId").GetString()!;
        Assert.DoesNotContain(Internals, problem.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", problem.GetRawText(), StringComparison.Ordinal);
        Assert.Contains(trace, _web.Log.At(LogLevel.Error), StringComparison.Ordinal);
        Assert.Contains(Internals, _web.Log.At(LogLevel.Error), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FaultOfAPage_IsAReadablePageWithoutInternals()
    {
        using var browser = await _web.VisitAsAsync("viewer");
        using var answer = await browser.GetAsync("/test/fail");
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        var page = await answer.Content.ReadAsStringAsync();
        Assert.Contains("This should not have happened", page, StringComparison.Ordinal);
        Assert.DoesNotContain(Internals, page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SiloThatIsGone_Is503WithRetryAfter_AndNotBlamedOnTheDatabase()
    {
        using var answer = await _program.GetAsync("/api/test/no-silo");
        Assert.Equal(TimeSpan.FromSeconds(5), answer.Headers.RetryAfter?.Delta);
        var problem = await ProblemAsync(answer, 503);
        Assert.DoesNotContain("database", Detail(problem), StringComparison.Ordinal);
        Assert.DoesNotContain(Internals, problem.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task JobThatNeverWas_Is404() =>
        Assert.Contains(Guid.Empty.ToString(), Detail(await ProblemAsync(await _program.GetAsync("/api/test/missing"), 404)), StringComparison.Ordinal);

    [Fact]
    public async Task ProblemOfAnEndpoint_CarriesItsMembersAndItsRetryAfter()
    {
        var conflict = await ProblemAsync(await _program.GetAsync("/api/test/conflict"), 409);
        Assert.Equal("It is finished.", Detail(conflict));
        Assert.Equal("completed", conflict.GetProperty("state").GetString());

        using var unavailable = await _program.GetAsync("/api/test/unavailable");
        Assert.Equal(TimeSpan.FromSeconds(8), unavailable.Headers.RetryAfter?.Delta);
        await ProblemAsync(unavailable, 503);
    }

    private async Task LoggedAsync(string text)
    {
        for (var i = 0; !_web.Log.All.Contains(text, StringComparison.Ordinal); i++)
        {
            Assert.True(i < 3000, $"Waited 60 s in vain until the log says '{text}'.");
            await Task.Delay(20);
        }
    }

    private async Task<TcpClient> PostRawAsync(string rest)
    {
        var connection = new TcpClient();
        await connection.ConnectAsync(_web.Address.Host, _web.Address.Port);
        var request = $"POST /api/test/json HTTP/1.1\r\nHost: x\r\nX-Api-Key: {TestWeb.AdminKey}\r\nContent-Type: application/json\r\n{rest}";
        await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        return connection;
    }

    private static async Task<long> ReadAsync(HttpRequest request)
    {
        var buffer = new byte[16 * 1024];
        long total = 0;
        while (await request.Body.ReadAsync(buffer) is var read and > 0)
        {
            total += read;
        }

        return total;
    }

    private static async Task<JsonElement> ProblemAsync(HttpResponseMessage answer, int status)
    {
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("title").GetString()));
        Assert.EndsWith(".", Detail(problem), StringComparison.Ordinal);
        Assert.Matches("^[0-9a-f]{32}$", problem.GetProperty("traceId").GetString());
        return problem;
    }

    private static string Detail(JsonElement problem) => problem.GetProperty("detail").GetString()!;

    private sealed record Body(string Name, int Count);
}
