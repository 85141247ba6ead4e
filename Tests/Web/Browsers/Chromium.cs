namespace OrleansBulk.Tests.Web.Browsers;

/// <summary>The browser of these tests: a Chromium that the system has. scripts/test.sh installs it where it can.</summary>
internal static class Chromium
{
    /// <summary>Names another one.</summary>
    private const string Variable = "CHROMIUM";

    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    /// <summary>Null when there is none.</summary>
    public static readonly string? Path = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named : Find();

    /// <summary>Why these tests cannot run here; null when they can.</summary>
    public static string? WhyMissing => Path is null ? $"Chromium is missing: install it (apt-get install chromium), or name one in {Variable}." : null;

    private static string? Find() =>
        (from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator)
         from name in Names
         let file = System.IO.Path.Combine(folder, name)
         where File.Exists(file)
         select file).FirstOrDefault();
}

/// <summary>A test in a browser; skipped with the reason where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute() => Skip = Chromium.WhyMissing;
}
