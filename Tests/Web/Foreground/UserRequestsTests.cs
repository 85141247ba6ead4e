using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;
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
        for (var request = 0; request < 4; request++)
        {
            using var answer = await browser.GetAsync("/test/slow");
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
