using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace OrleansBulk.Benchmarks.Support;

/// <summary>What figures were measured on.</summary>
internal static class Machine
{
    public static string Describe()
    {
        var model = Lines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
        var gigabytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30);
        return $"{model}, {gigabytes:0} GB, {RuntimeInformation.OSDescription.Split('#')[0].Trim()}, .NET {Environment.Version}";
    }

    /// <summary>Of the last one, five and fifteen minutes; a dash where the system does not tell.</summary>
    public static string LoadAverage() => Lines("/proc/loadavg").FirstOrDefault() is { } line ? string.Join(' ', line.Split(' ').Take(3)) : "-";

    /// <summary>The commit that the measured service was built from, which its assembly remembers: what is checked out may be another by now.</summary>
    public static async Task<string> CommitAsync()
    {
        var version = typeof(Jobs.JobEngine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+', 2);
        var built = version is [_, { Length: > 12 } commit] ? commit[..12] : "unknown";
        return await GitAsync("status", "--porcelain", "--", ":!Benchmarks/results") is "" or null ? built : built + " and changes";
    }

    private static string[] Lines(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];

    private static async Task<string?> GitAsync(params string[] arguments)
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", arguments) { WorkingDirectory = Checkout.Root, RedirectStandardOutput = true, RedirectStandardError = true })!;
            var said = await git.StandardOutput.ReadToEndAsync();
            await git.WaitForExitAsync();
            return git.ExitCode == 0 ? said.Trim() : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // no git here
        }
    }
}
