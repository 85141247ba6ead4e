using System.Runtime.CompilerServices;

namespace OrleansBulk.Tests.Support;

/// <summary>Where the sources are: tests may run from anywhere.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string PathOf(params ReadOnlySpan<string> parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        foreach (var start in new[] { Path.GetDirectoryName(thisFile), AppContext.BaseDirectory })
        {
            for (var folder = start; folder is not null; folder = Path.GetDirectoryName(folder))
            {
                if (File.Exists(Path.Combine(folder, "OrleansBulk.sln")))
                {
                    return folder;
                }
            }
        }

        throw new InvalidOperationException($"OrleansBulk.sln is neither above {thisFile} nor above {AppContext.BaseDirectory}: the tests need the sources they were built from.");
    }
}
