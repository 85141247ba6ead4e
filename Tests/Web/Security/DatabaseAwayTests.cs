using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansBulk.Storage;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Health;

namespace OrleansBulk.Tests.Web.Security;

public sealed class DatabaseAwayTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>, IAsyncLifetime
{
    private readonly HangingProbe _grains = new();
    private DatabaseDoor _door = null!;
    private TestWeb _web = null!;

    public async Task InitializeAsync()
    {
        _door = DatabaseDoor.To(database.ConnectionString);
        _web = await TestWeb.StartAsync(
            _door.ConnectionString,
            app => app.MapGet("/api/test/database", QueryAsync),
            services => services.AddSingleton<IReadinessProbe>(_grains),
            ("Metrics:Public", "true"));
    }

    public async Task DisposeAsync()
    {
        await _web.DisposeAsync();
        await _door.DisposeAsync();
    }

    [Fact]
    public async Task Api_Is503WithRetryAfter_WhoeverAsks_AndRecovers()
    {
        using var known = _web.Program();
        Assert.Equal("1", await known.GetStringAsync("/api/test/database"));

        await _door.CloseAsync();
        using var unknown = _web.Program("bulk_a_key_that_was_not_asked_for_yet");
        foreach (var program in new[] { known, unknown })
        {
            using var answer = await program.GetAsync("/api/test/database");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(5), answer.Headers.RetryAfter?.Delta);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            Assert.Contains("database", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString(), StringComparison.Ordinal);
        }

        _door.Open();
        Assert.Equal("1", await known.GetStringAsync("/api/test/database"));
        using var refused = await unknown.GetAsync("/api/test/database");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.DoesNotContain("/api/test/database failed", _web.Log.At(LogLevel.Error), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_IsReadable503_AndTheSessionIsThereAfterwards()
    {
        using var browser = await _web.VisitAsAsync(Roles.Viewer);
        await _door.CloseAsync();
        _web.Clock.Advance(TimeSpan.FromSeconds(30));

        using var away = await browser.GetAsync("/account/password");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, away.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(5), away.Headers.RetryAfter?.Delta);
        Assert.Equal("text/html", away.Content.Headers.ContentType?.MediaType);
        Assert.Contains("The database does not answer now.", await away.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        _door.Open();
        Assert.True(await browser.IsSignedInAsync());
    }

    [Fact]
    public async Task HealthAndMetrics_SpeakWhileItIsAway_EvenToWhoSendsAKey()
    {
        await _door.CloseAsync();
        using var program = _web.Program();
        foreach (var path in new[] { "/healthz", "/metrics", "/app.css" })
        {
            using var answer = await program.GetAsync(path);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Readiness_SaysWhatIsWrong_AndRecovers()
    {
        using var anybody = _web.Program(key: null);
        Assert.Equal((200, "ready", "ready"), await ReadyAsync(anybody));

        await _door.CloseAsync();
        _web.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((503, "Does not answer now.", "ready"), await ReadyAsync(anybody));

        _door.Open();
        _web.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((200, "ready", "ready"), await ReadyAsync(anybody));
    }

    [Fact]
    public async Task ProbeThatHangs_IsGivenUpAfterTwoSeconds()
    {
        var clock = new ManualClock();
        using var readiness = new Readiness([_grains], clock, NullLogger<Readiness>.Instance);
        _grains.Hang();
        var asking = readiness.CheckAsync(default);
        await _grains.Asked.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.False(asking.IsCompleted);

        clock.Advance(Readiness.Patience);

        Assert.Equal("Does not answer within 2 s.", (await asking.WaitAsync(TimeSpan.FromSeconds(60)))["grains"]);
    }

    [Fact]
    public async Task Readiness_AsksOncePerSecond_HoweverOftenItIsAsked()
    {
        using var anybody = _web.Program(key: null);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => ReadyAsync(anybody)));
        Assert.Equal(1, _grains.Times);
        _web.Clock.Advance(TimeSpan.FromSeconds(1));
        await ReadyAsync(anybody);
        Assert.Equal(2, _grains.Times);
    }

    private static async Task<string> QueryAsync(Database database, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand("SELECT 1");
        return (await command.ExecuteScalarAsync(cancellationToken))!.ToString()!;
    }

    private static async Task<(int Status, string? Database, string? Grains)> ReadyAsync(HttpClient client)
    {
        using var answer = await client.GetAsync("/readyz");
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(answer.IsSuccessStatusCode ? "ready" : "not ready", body.GetProperty("status").GetString());
        var checks = body.GetProperty("checks");
        return ((int)answer.StatusCode, checks.GetProperty("database").GetString(), checks.GetProperty("grains").GetString());
    }

    private sealed class HangingProbe : IReadinessProbe
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _hangs;
        private int _times;

        public string Name => "grains";

        public Task Asked => _asked.Task;

        public int Times => _times;

        public void Hang() => _hangs = true;

        public async Task<string?> CheckAsync(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _times);
            if (_hangs)
            {
                _asked.SetResult();
                await Task.Delay(Timeout.Infinite, CancellationToken.None); // it does not even look at the token
            }

            return null;
        }
    }
}
