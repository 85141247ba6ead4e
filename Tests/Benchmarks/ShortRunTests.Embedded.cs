using System.Diagnostics;
using System.Text.Json;
using OrleansBulk.Tests.Support;
using Xunit.Abstractions;

namespace OrleansBulk.Tests.Benchmarks;

/// <summary>The short form of the benchmarks: that they run, check what they did, and write down every promise. How fast they are is for <c>scripts/bench.sh</c> on a quiet machine.</summary>
public sealed class ShortRunTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("instant")]
    [InlineData("watchers")]
    [InlineData("pages")]
    public async Task Scenario_MeasuresItsPromises(string name)
    {
        var folder = Directory.CreateTempSubdirectory("bulk-bench-");
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = AppContext.BaseDirectory };
        foreach (var argument in new[] { Path.Combine(AppContext.BaseDirectory, "OrleansBulk.Benchmarks.dll"), "run", name, "--short", "--out", folder.FullName })
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["ConnectionStrings__BulkBench"] = Environment.GetEnvironmentVariable(PostgresDatabase.Variable);
        using var process = Process.Start(start)!;
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        output.WriteLine(string.Concat(said));

        Assert.Equal(0, process.ExitCode);
        var result = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder.FullName, $"{name}.short.json"))).RootElement;
        Assert.NotEmpty(result.GetProperty("promises").EnumerateArray());
        folder.Delete(recursive: true);
    }
}
