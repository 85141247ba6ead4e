using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansBulk.Storage;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web;

/// <summary>
/// The frame of the Web on Kestrel and a real database, without a silo. Tests add endpoints of their own. There is a user <c>admin</c> with
/// <see cref="AdminPassword"/> and an admin's key <see cref="AdminKey"/>.
/// </summary>
public sealed class TestWeb : IAsyncDisposable
{
    public const string AdminPassword = "correct horse battery";
    public const string AdminKey = "bulk_test_key_of_the_admin";

    private readonly WebApplication _app;

    private TestWeb(WebApplication app, ManualClock clock, LogCapture log)
    {
        (_app, Clock, Log) = (app, clock, log);
        Address = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    public ManualClock Clock { get; }

    public LogCapture Log { get; }

    public Uri Address { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<TestWeb> StartAsync(
        string connectionString, Action<WebApplication>? map = null, Action<IServiceCollection>? add = null, params (string Name, string? Value)[] settings)
    {
        var (clock, log) = (new ManualClock(), new LogCapture());
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = typeof(WebFrame).Assembly.GetName().Name, EnvironmentName = "Production" });
        builder.Configuration.AddInMemoryCollection(
        [
            new("BULK_ADMIN_PASSWORD", AdminPassword),
            new("BULK_API_KEY", AdminKey),
            .. settings.Select(setting => KeyValuePair.Create(setting.Name, setting.Value)),
        ]);
        builder.Logging.ClearProviders().AddFilter<LogCapture>(null, LogLevel.Debug).AddProvider(log); // whatever the settings filter
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.Services.AddSingleton(provider => new Database(connectionString, provider.GetRequiredService<ILoggerFactory>()));
        builder.AddWebFrame();
        builder.Services.AddSingleton(new Passwords(iterations: 1_000));
        add?.Invoke(builder.Services);

        var app = builder.Build();
        app.Use(static (context, next) =>
        {
            // What a proxy in front would make of a request that came to it by https.
            if (context.Request.Headers.ContainsKey("Test-Https"))
            {
                context.Request.Scheme = "https";
            }

            return next(context);
        });
        app.UseWebFrame();
        map?.Invoke(app);
        await app.StartAsync();
        return new(app, clock, log);
    }

    /// <summary>Somebody with a cookie jar of their own, who follows no redirects.</summary>
    public Browser Visit() => new(Address);

    /// <summary>A program that sends a key, or none.</summary>
    public HttpClient Program(string? key = AdminKey)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address };
        if (key is not null)
        {
            client.DefaultRequestHeaders.Add("X-Api-Key", key);
        }

        return client;
    }

    /// <summary>A new user of this role, signed in.</summary>
    public async Task<Browser> VisitAsAsync(string role)
    {
        var name = $"{role}-{Guid.NewGuid():N}";
        Assert.NotNull(await Services.GetRequiredService<UserStore>().CreateAsync(name, AdminPassword, role, default));
        var browser = Visit();
        Assert.Equal(HttpStatusCode.Redirect, (await browser.SignInAsync(name, AdminPassword)).StatusCode);
        browser.UserName = name;
        return browser;
    }

    /// <summary>A new key of this scope.</summary>
    public async Task<(Guid Id, string Secret)> MakeKeyAsync(string scope) =>
        await Services.GetRequiredService<ApiKeyStore>().CreateAsync($"{scope}-{Guid.NewGuid():N}", scope, "test", default);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
