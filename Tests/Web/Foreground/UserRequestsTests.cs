using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Foreground;

namespace OrleansBulk.Tests.Web.Foreground;

/// <summary>People's requests are measured, and jobs give way while they are slow.</summary>
public sealed class UserRequestsTests
{
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(60);

    [Fact]
    public async Task SlowRequests_AreLoggedWithWhatRanBesideThem_AndHoldTheGuard()
    {
        await using var postgres = await PostgresDatabase.CreateAsync();
        await using var web = await TestWeb.StartAsync(
            postgres.ConnectionString,
            app =>
            {
                app.MapGet("/test/slow", WaitAsync).AllowAnonymous();
                app.MapPost("/test/slow", WaitAsync).AllowAnonymous();
                app.MapGet("/test/upstream", WaitAsync).AllowAnonymous().WithMetadata(NotForegroundAttribute.Mark);
            },
            services => services.AddSingleton(new ForegroundOptions { Slow = Slow / 2, LogSlow = Slow / 2 }));
        using var browser = new Browser(web.Address);

        for (var request = 0; request < 4; request++)
        {
            using var upstream = await browser.GetAsync("/test/upstream");
            using var program = await browser.PostAsync("/test/slow", new Dictionary<string, string>());
        }

        Assert.DoesNotContain("took", web.Log.At(LogLevel.Warning), StringComparison.Ordinal);
        using var key = web.Program();
        for (var request = 0; request < 4; request++)
        {
            using var answer = request % 2 == 0 ? await browser.GetAsync("/test/slow") : await key.GetAsync(new Uri("/test/slow", UriKind.Relative));
        }

        Assert.Contains("GET /test/slow took", web.Log.At(LogLevel.Warning), StringComparison.Ordinal);
        Assert.Contains("Beside it ran: no job", web.Log.At(LogLevel.Warning), StringComparison.Ordinal);
        var guard = web.Services.GetRequiredService<ForegroundGuard>();
        web.Clock.Advance(TimeSpan.FromMilliseconds(600));
        guard.Answered(TimeSpan.Zero);
        Assert.Equal(0.5, guard.Share);

        static async Task<IResult> WaitAsync(CancellationToken cancellationToken)
        {
            await Task.Delay(Slow, cancellationToken);
            return Results.Text("done");
        }
    }

    [Fact]
    public async Task People_AreThere_WhileTheyHaveSomethingOpen_AndProgramsAreNot()
    {
        await using var postgres = await PostgresDatabase.CreateAsync();
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var web = await TestWeb.StartAsync(
            postgres.ConnectionString,
            app =>
            {
                app.MapGet("/test/look", () => "something");
                app.MapGet("/test/upstream", () => "something").WithMetadata(NotForegroundAttribute.Mark);
                app.MapGet("/test/events", async (HttpResponse response, CancellationToken gone) =>
                {
                    await response.Body.FlushAsync(gone);
                    await end.Task.WaitAsync(gone);
                });
            });
        var guard = web.Services.GetRequiredService<ForegroundGuard>();
        using var program = web.Program();
        using var browser = web.Visit();

        foreach (var path in new[] { "/test/look", "/test/upstream", "/metrics", "/healthz", "/" })
        {
            using var answer = await program.GetAsync(new Uri(path, UriKind.Relative));
            using var stranger = await browser.GetAsync(path);
            Assert.False(guard.AreHere, $"who asked for {path}");
        }

        using var person = await web.VisitAsAsync(Roles.Viewer);
        await ComeAndGoAsync("signing in");
        foreach (var path in new[] { "/test/look", "/account/password", "/tabs" }) // a page of tabs waits for its source, and a person for it; without a silo it has none
        {
            using var answer = await person.GetAsync(path);
            await ComeAndGoAsync(path);
        }

        foreach (var path in new[] { "/test/upstream", "/metrics", "/healthz" })
        {
            using var answer = await person.GetAsync(path);
            Assert.False(guard.AreHere, $"who asked for {path}");
        }

        using (await person.OpenAsync("/test/events"))
        {
            web.Clock.Advance(TimeSpan.FromMinutes(1));
            Assert.True(guard.AreHere);
            end.SetResult();
            await ComeAndGoAsync("a page that was open");
        }

        async Task ComeAndGoAsync(string what)
        {
            Assert.True(guard.AreHere, $"who was there for {what}");
            await WebHost.UntilAsync($"the person of {what} is gone", () =>
            {
                web.Clock.Advance(TimeSpan.FromSeconds(10)); // again, where the end of the answer was here before the end of the request
                return Task.FromResult(!guard.AreHere);
            });
        }
    }

    [Fact]
    public async Task RequestThatFails_OrIsGivenUp_IsMeasuredToo()
    {
        await using var postgres = await PostgresDatabase.CreateAsync();
        await using var web = await TestWeb.StartAsync(
            postgres.ConnectionString,
            app =>
            {
                app.MapGet("/test/failing", FailAsync).AllowAnonymous();
                app.MapGet("/test/endless", (CancellationToken cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken)).AllowAnonymous();
            },
            services => services.AddSingleton(new ForegroundOptions { Slow = Slow / 2, LogSlow = Slow / 2 }));
        using var browser = new Browser(web.Address);
        var guard = web.Services.GetRequiredService<ForegroundGuard>();

        for (var request = 0; request < 4; request++)
        {
            using var answer = await browser.GetAsync("/test/failing");
        }

        Assert.Contains("GET /test/failing took", web.Log.At(LogLevel.Warning), StringComparison.Ordinal);
        web.Clock.Advance(TimeSpan.FromMilliseconds(600));
        guard.Answered(TimeSpan.Zero);
        Assert.Equal(0.5, guard.Share);

        using (var program = web.Program())
        using (var impatience = new CancellationTokenSource(Slow * 2))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => program.GetAsync(new Uri("/test/endless", UriKind.Relative), impatience.Token));
        }

        await WebHost.UntilAsync("the end of a request that was given up is seen", () => Task.FromResult(web.Log.At(LogLevel.Warning).Contains("GET /test/endless took", StringComparison.Ordinal)));

        static async Task<IResult> FailAsync(CancellationToken cancellationToken)
        {
            await Task.Delay(Slow, cancellationToken);
            throw new TimeoutException("The test wants it.");
        }
    }

    [Fact]
    public async Task Job_UsesAnEighthOfItsConcurrency_WhilePeopleWait_AndSaysSo()
    {
        await using var host = await WebHost.StartAsync();
        var guard = host.Services.GetRequiredService<ForegroundGuard>();
        using var program = host.Program();
        using var enough = new CancellationTokenSource();
        var pressing = PressAsync(guard, enough.Token);
        await WebHost.UntilAsync("the guard holds", () => Task.FromResult(guard.Share <= ForegroundGuard.Least));
        host.Played.Run = async (_, cancellationToken) =>
        {
            await Task.Delay(20, cancellationToken);
            return new ItemSucceeded("done");
        };

        var id = await program.StartPlayedAsync(200, maxConcurrency: 40);
        await WebHost.UntilAsync("it is said", async () => (await program.JobAsync(id)).GetProperty("progress").GetProperty("boundBy").GetString()?.Contains("the requests of people", StringComparison.Ordinal) is true);
        await program.WhenAsync(id, "completed");
        await enough.CancelAsync();
        await pressing;

        Assert.InRange(host.Played.MostAtOnce, 1, 10); // an eighth is 5; a step between two presses may raise it for a moment
    }

    [Fact]
    public async Task Ingest_GoesOn_ThoughPeopleWait()
    {
        await using var host = await WebHost.StartAsync();
        using var program = host.Program();
        using var enough = new CancellationTokenSource();
        var pressing = PressAsync(host.Services.GetRequiredService<ForegroundGuard>(), enough.Token);

        var answer = await program.PostTextAsync("/api/ingest", "id,username\nheld1,a\nheld2,b\n", "text/csv");

        Assert.Equal(2, answer.Json.GetProperty("added_to_global").GetInt32());
        await enough.CancelAsync();
        await pressing;
    }

    /// <summary>People whose requests are all slow.</summary>
    private static async Task PressAsync(ForegroundGuard guard, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            for (var request = 0; request < 5; request++)
            {
                guard.Answered(TimeSpan.FromSeconds(1));
            }

            await Task.Delay(20, CancellationToken.None);
        }
    }
}
