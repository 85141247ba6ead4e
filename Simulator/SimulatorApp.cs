using System.Collections.Frozen;
using OrleansBulk.Simulator.AtCoder;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Chat;
using OrleansBulk.Simulator.CodeChef;
using OrleansBulk.Simulator.Codeforces;
using OrleansBulk.Simulator.GeeksforGeeks;
using OrleansBulk.Simulator.GitHub;
using OrleansBulk.Simulator.HackerRank;
using OrleansBulk.Simulator.Journals;
using OrleansBulk.Simulator.LeetCode;
using OrleansBulk.Simulator.Nppes;
using OrleansBulk.Simulator.Scenarios;
using OrleansBulk.Simulator.Sheets;

namespace OrleansBulk.Simulator;

/// <summary>Composes the simulator: for its executable, and for tests that host it in their process.</summary>
public static class SimulatorApp
{
    /// <summary>Where it listens unless <c>--urls</c> or ASPNETCORE_URLS say otherwise: this machine only.</summary>
    public const string DefaultUrl = "http://127.0.0.1:5081";

    public static WebApplication Build(string[] args) => Build(args, TimeProvider.System);

    /// <param name="clock">Latencies, limits, quotas and the journal go by it.</param>
    /// <exception cref="InvalidScenarioException">The scenario of the arguments or the configuration cannot be.</exception>
    public static WebApplication Build(string[] args, TimeProvider clock)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        if (string.IsNullOrEmpty(builder.Configuration["urls"])) builder.WebHost.UseUrls(DefaultUrl);
        if (builder.Configuration["Logging:LogLevel:Default"] is null) builder.Logging.SetMinimumLevel(LogLevel.Warning);
        // A cut body is an error to the server, and here it is meant. Defects of the simulator are logged where they happen.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Critical);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));

        var sheets = new SheetsWorld();
        Upstream[] upstreams =
            [new CodeforcesUpstream(), new LeetCodeUpstream(), new AtCoderUpstream(), new CodeChefUpstream(), new HackerRankUpstream(), new GeeksforGeeksUpstream(), new GitHubUpstream(), new NppesUpstream(),
             new OpenAiUpstream(), new AnthropicUpstream(), new SheetsUpstream(sheets)];
        var desks = upstreams.ToFrozenDictionary(upstream => upstream.Key, upstream => new UpstreamDesk(upstream));
        builder.Services.AddSingleton(clock);
        builder.Services.AddSingleton(sheets);
        builder.Services.AddSingleton(new ScenarioStore(ScenarioConfiguration.Read(builder.Configuration), clock));
        builder.Services.AddSingleton(desks);
        builder.Services.AddSingleton(new Journal(desks, clock));
        builder.Services.AddSingleton<LatencyTimer>();
        builder.Services.AddSingleton<CallServer>();

        var app = builder.Build();
        app.MapGet("/healthz", () => "ok");
        app.MapScenario();
        app.MapJournal();
        app.MapSheets();
        var server = app.Services.GetRequiredService<CallServer>();
        foreach (var desk in desks.Values) desk.Upstream.Map(new UpstreamRoutes(app, server, desk));
        return app;
    }
}
