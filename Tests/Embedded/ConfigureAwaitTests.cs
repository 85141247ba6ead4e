using System.Text.RegularExpressions;

namespace OrleansBulk.Tests.Embedded;

/// <summary>
/// ConfigureAwait(false) inside a grain class leaves the grain's turn: what follows runs beside other calls. No runtime can notice, so
/// the source is searched. A file that holds a grain class must not contain it at all; a pump that needs it is a file of its own.
/// </summary>
public sealed partial class ConfigureAwaitTests
{
    [Fact]
    public void GrainClasses_DoNotLeaveTheirTurn()
    {
        var found = Directory.EnumerateFiles(Path.Combine(Root(), "Grains"), "*.cs", SearchOption.AllDirectories)
            .Where(path => LeavesTheTurn(File.ReadAllText(path)));

        Assert.Empty(found);
    }

    [Theory]
    [InlineData("public sealed class JobGrain(IGrainFactory grains) : Grain, IJobGrain\n{ async Task A() { await B().ConfigureAwait(false); } }", true)]
    [InlineData("class JobGrain : Orleans.Grain { async Task A() => await B().ConfigureAwait( continueOnCapturedContext: false ); }", true)]
    [InlineData("class JobGrain(\n [PersistentState(\"a\")] Job job)\n : Grain,\n IJob { void A() => B.ConfigureAwait(ConfigureAwaitOptions.None); }", true)]
    [InlineData("class JobGrain : Grain { async Task A() => await B(); } // ConfigureAwait(false) would leave the turn", false)]
    [InlineData("class JobGrain : Grain { async Task A() => await B().ConfigureAwait(true); }", false)]
    [InlineData("class JobRun { async Task A() => await B().ConfigureAwait(false); }", false)]
    [InlineData("class Grainy : GrainStore { async Task A() => await B().ConfigureAwait(false); }", false)]
    public void TheSearch_TellsThemApart(string source, bool leaves) => Assert.Equal(leaves, LeavesTheTurn(source));

    private static bool LeavesTheTurn(string source)
    {
        var code = Comment().Replace(source, "");
        return GrainClass().IsMatch(code) && Leaving().IsMatch(code);
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        // Artifacts may lie outside of the repository; the source path of this file does not.
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "OrleansBulk.sln"))) folder = folder.Parent;
        return folder?.FullName ?? RootOfSource();
    }

    private static string RootOfSource([System.Runtime.CompilerServices.CallerFilePath] string path = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", ".."));

    [GeneratedRegex(@"//[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\bclass\s+\w+(?:<[^{]*?>)?\s*(?:\([^{]*?\))?\s*:\s*(?:Orleans\.)?Grain\s*[,{\r\n]", RegexOptions.Singleline)]
    private static partial Regex GrainClass();

    /// <summary>Any but <c>(true)</c>, also by name, and options that continue on the captured context.</summary>
    [GeneratedRegex(@"\.ConfigureAwait\s*\((?!\s*(?:continueOnCapturedContext\s*:\s*)?true\s*\))(?![^)]*ContinueOnCapturedContext\b)", RegexOptions.Singleline)]
    private static partial Regex Leaving();
}
