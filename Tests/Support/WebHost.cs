using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansBulk.Hosting;
using OrleansBulk.Jobs;
using OrleansBulk.Simulator;
using OrleansBulk.Storage;
using OrleansBulk.Web;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;
using OrleansBulk.Web.Health;

namespace OrleansBulk.Tests.Support;

/// <summary>
/// The whole service in this process, as its program composes it: on Kestrel and a free port, on a database of its own, with the simulator as every upstream. Beside the
/// workloads of the service there is <see cref="Played"/>, of which the test says what becomes of its items. Upstreams answer at once and have no limits unless a test
/// gives them some. A class fixture, or <see cref="StartAsync"/> inside a test.
/// </summary>
public sealed class WebHost : IAsyncLifetime, IAsyncDisposable
{
    public const string AdminPassword = "correct horse battery";
    public const string AdminKey = "bulk_test_key_of_the_admin";

    private const string Unhindered = """{"latency": null, "limit": null, "concurrency": null, "quota": null}""";
    private const string AtOnce = """{"chat": {"firstTokenMs": 0, "tokensPerSecond": 0}}""";
    private static readonly string[] Chats = ["openai", "anthropic"];
    private static readonly string[] Platforms = ["codeforces", "leetcode", "atcoder", "github", "hackerrank", "geeksforgeeks", "nppes"];
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string? _connectionString;
    private readonly (string Name, string Value)[] _settings;
    private readonly TestWorkload _played = new();
    private PostgresDatabase? _database;
    private WebApplication? _app;
    private int _requests;

    public WebHost()
        : this(null)
    {
    }

    private WebHost(string? connectionString, params (string Name, string Value)[] settings) => (_connectionString, _settings) = (connectionString, settings);

    public Uri Address { get; private set; } = null!;

    public IServiceProvider Services => _app!.Services;

    public RunningSimulator Simulator { get; private set; } = null!;

    /// <summary>The database, unless the test brought another one.</summary>
    public PostgresDatabase Postgres => _database ?? throw new InvalidOperationException("The test brought its own database.");

    /// <summary>The workload <see cref="TestWorkload.WorkloadName"/>.</summary>
    internal TestWorkload Played => _played;

    /// <summary>How many requests have come and are not answered.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Every endpoint of the API.</summary>
    public IEnumerable<RouteEndpoint> ApiRoutes => Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
        .Where(route => route.RoutePattern.RawText?.StartsWith("/api/", StringComparison.Ordinal) is true);

    /// <param name="connectionString">A database of the test's own; null: a fresh one.</param>
    /// <param name="settings">Such as <c>Upstreams:github:Limits</c>; they win over the defaults here.</param>
    public static async Task<WebHost> StartAsync(string? connectionString = null, params (string Name, string Value)[] settings)
    {
        var host = new WebHost(connectionString, settings);
        await host.InitializeAsync();
        return host;
    }

    public async Task InitializeAsync()
    {
        Simulator = await RunningSimulator.StartAsync($$"""{"upstreams": { {{string.Join(", ", Platforms.Select(platform => $"\"{platform}\": {Unhindered}").Concat(Chats.Select(chat => $"\"{chat}\": {AtOnce}")))}} } }""");
        _database = _connectionString is null ? await PostgresDatabase.CreateAsync() : null;
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = typeof(WebFrame).Assembly.GetName().Name, EnvironmentName = "Production" });
        builder.Configuration.AddInMemoryCollection(Settings());
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddBulkSilo();
        builder.Services.AddSingleton<IWorkload>(_played);
        builder.AddWebFrame();
        builder.AddGrainProbe();
        builder.AddApi();
        _app = builder.Build();
        _app.Use(CountAsync);
        _app.UseWebFrame();
        _app.MapApi();
        await _app.StartAsync();
        Address = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        await using var table = Services.GetRequiredService<Database>().Interactive.CreateCommand(TestWorkload.ResultTable);
        await table.ExecuteNonQueryAsync();
    }

    /// <summary>Lets every item of the played workload wait until the answer is disposed; then they succeed.</summary>
    public IDisposable HoldItems()
    {
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _played.Run = async (_, cancellationToken) =>
        {
            await held.Task.WaitAsync(cancellationToken);
            return new ItemSucceeded("done");
        };
        return new Release(() =>
        {
            _played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done"));
            held.TrySetResult();
        });
    }

    /// <summary>A program that sends this key; null: none.</summary>
    public WebHostClient Program(string? key = AdminKey) => new(Address, key);

    /// <summary>A program whose key has this scope.</summary>
    public async Task<WebHostClient> ProgramAsync(string scope)
    {
        var (_, secret) = await Services.GetRequiredService<ApiKeyStore>().CreateAsync($"{scope}-{Guid.NewGuid():N}", scope, "test", CancellationToken.None);
        return Program(secret);
    }

    /// <summary>A new user of this role, with <see cref="AdminPassword"/>.</summary>
    public async Task<string> AddUserAsync(string role)
    {
        var name = $"{role}-{Guid.NewGuid():N}";
        Assert.NotNull(await Services.GetRequiredService<UserStore>().CreateAsync(name, AdminPassword, role, CancellationToken.None));
        return name;
    }

    /// <summary>Waits for a condition that the service brings about by itself.</summary>
    public static Task UntilAsync(string what, Func<Task<bool>> condition) => UntilAsync(() => what, condition);

    /// <param name="what">Said when it does not come.</param>
    public static async Task UntilAsync(Func<string> what, Func<Task<bool>> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > Patience)
            {
                throw new TimeoutException($"Waited {Patience.TotalSeconds:0} s in vain until {what()}.");
            }

            await Task.Delay(20);
        }
    }

    public async Task DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        await Simulator.DisposeAsync();
    }

    ValueTask IAsyncDisposable.DisposeAsync() => new(DisposeAsync());

    private async Task CountAsync(HttpContext context, RequestDelegate next)
    {
        Interlocked.Increment(ref _requests);
        try
        {
            await next(context);
        }
        finally
        {
            Interlocked.Decrement(ref _requests);
        }
    }

    private sealed class Release(Action release) : IDisposable
    {
        public void Dispose() => release();
    }

    private Dictionary<string, string?> Settings()
    {
        var settings = new Dictionary<string, string?>
        {
            ["BULK_ADMIN_PASSWORD"] = AdminPassword,
            ["BULK_API_KEY"] = AdminKey,
            ["ConnectionStrings:Bulk"] = _connectionString ?? _database!.ConnectionString,
            ["Upstreams:SimulatorUrl"] = Simulator.Address.ToString(),
            ["Upstreams:github:Token"] = "simulated",
            ["Jobs:CommitLinger"] = "00:00:00.020", // so that tests need not wait for it
            ["Jobs:Patience"] = "00:00:00.500", // nor for items that they hold back themselves
        };
        foreach (var platform in Platforms)
        {
            settings[$"Upstreams:{platform}:Limits"] = "none";
        }

        foreach (var (name, value) in _settings)
        {
            settings[name] = value;
        }

        return settings;
    }
}
