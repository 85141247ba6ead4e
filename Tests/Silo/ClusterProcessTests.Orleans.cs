using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrleansBulk.Hosting;
using OrleansBulk.Tests.Support;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Silo;

/// <summary>Silos as processes of their own, clustered through PostgreSQL, and a client.</summary>
[Trait("Category", "Grains")]
public sealed class ClusterProcessTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>
{
    private const int Active = 3;
    private const int Dead = 6;
    private static readonly string[] Upstreams = ["codeforces", "leetcode", "atcoder", "github", "hackerrank", "geeksforgeeks", "codechef"];

    [Fact]
    public async Task Kill_OneOfTwoSilos_ItsGrainsGoOnAtTheOther_WhichStopsInOrder()
    {
        using var first = StartSilo();
        using var second = StartSilo();
        try
        {
            await MembersAsync("both silos are members", Active, 2);
            using var client = Client();
            await client.StartAsync();
            var grains = client.Services.GetRequiredService<IGrainFactory>();
            await Task.WhenAll(Upstreams.Select(upstream => AskAsync(grains, upstream)));

            second.Kill();

            await Task.WhenAll(Upstreams.Select(upstream => AskAsync(grains, upstream)));
            await MembersAsync("the killed silo is known to be dead", Dead, 1);
            Assert.Equal(Upstreams.Length, await database.QueryAsync<long>("SELECT count(*) FROM cluster_grain_state WHERE key_text LIKE 'upstream/%'"));

            await client.StopAsync();
            using (var terminate = Process.Start("kill", $"-TERM {first.Id}"))
            {
                await terminate.WaitForExitAsync();
            }

            await first.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
            Assert.Equal(0, first.ExitCode);
            await MembersAsync("the silo that stopped has said so", Dead, 2);
        }
        finally
        {
            first.Kill();
            second.Kill();
        }
    }

    private Process StartSilo()
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "OrleansBulk.Silo.dll")]);
        start.Environment["ConnectionStrings__Bulk"] = database.ConnectionString;
        start.Environment["Logging__LogLevel__Default"] = "Error";
        return Process.Start(start)!;
    }

    private IHost Client()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([new("ConnectionStrings:Bulk", database.ConnectionString), new("Cluster:Role", "client")]);
        builder.AddBulkSilo();
        return builder.Build();
    }

    /// <summary>As callers do: a call to a silo that has just died may fail, and is made again.</summary>
    private static async Task AskAsync(IGrainFactory grains, string upstream)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await grains.GetGrain<IUpstreamGrain>(UpstreamKeys.GrainKey(upstream)).RenewAsync(new RenewLease("test", 1, 0));
                return;
            }
            catch (Exception error) when (GrainFaults.MayHaveRun(error) && Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(90))
            {
                await Task.Delay(100);
            }
        }
    }

    private Task MembersAsync(string what, int status, int count) =>
        database.WaitUntilAsync(what, "SELECT to_regclass('cluster_members') IS NOT NULL AND (SELECT count(*) FROM cluster_members WHERE status = $1) = $2", status, count);
}
