using System.Runtime.CompilerServices;

namespace OrleansBulk.Benchmarks.Support;

/// <summary>Where the sources are: results are written beside them, and peers are installed there.</summary>
internal static class Checkout
{
    public static string Root { get; } = FindRoot();

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        foreach (var start in new[] { Path.GetDirectoryName(thisFile), AppContext.BaseDirectory, Environment.CurrentDirectory })
        {
            for (var folder = start; folder is not null; folder = Path.GetDirectoryName(folder))
            {
                if (File.Exists(Path.Combine(folder, "OrleansBulk.sln")))
                {
                    return folder;
                }
            }
        }

        throw new InvalidOperationException($"OrleansBulk.sln is neither above {thisFile} nor above {AppContext.BaseDirectory}: benchmarks need the sources they were built from.");
    }
}
