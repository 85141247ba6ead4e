namespace OrleansBulk.Simulator.Worlds;

/// <summary>The keys of the simulated upstreams; they name platforms in the scenario, in the journal and in every draw.</summary>
public static class Platforms
{
    public const string Codeforces = "codeforces";
    public const string LeetCode = "leetcode";
    public const string AtCoder = "atcoder";
    public const string CodeChef = "codechef";
    public const string HackerRank = "hackerrank";
    public const string GeeksforGeeks = "geeksforgeeks";
    public const string GitHub = "github";
    public const string Sheets = "sheets";
    public const string Nppes = "nppes";
    public const string OpenAi = "openai";
    public const string Anthropic = "anthropic";

    /// <summary>Every key, in the order in which reports list them.</summary>
    public static IReadOnlyList<string> All { get; } = [Codeforces, LeetCode, AtCoder, CodeChef, HackerRank, GeeksforGeeks, GitHub, Sheets, Nppes, OpenAi, Anthropic];
}
