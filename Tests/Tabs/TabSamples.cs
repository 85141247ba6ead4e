using OrleansBulk.Tabs;

namespace OrleansBulk.Tests.Tabs;

/// <summary>Tabs and rows for tests of destinations.</summary>
internal static class TabSamples
{
    public static TabDefinition Tab(string name = "user-profiles", string title = "User profiles", int columns = 3) => new(
        name, title, "SELECT 1", [.. Enumerable.Range(1, columns).Select(number => new TabColumn($"c{number}", $"Column {number}", number == 1 ? TabFormat.Number : TabFormat.Text))], 25, 500);

    public static TabRow Row(int position, params string[] cells) => new(position, cells.Length > 0 ? cells : [$"{position}", $"name {position}", $"mail{position}@example.org"]);

    public static TabRow Cleared(int position) => new(position, null);

    public static TabRow[] Rows(int first, int last) => [.. Enumerable.Range(first, last - first + 1).Select(position => Row(position))];

    /// <summary>A folder of its own below the temporary one.</summary>
    public static string Folder() => Directory.CreateTempSubdirectory("tabs-").FullName;

    public static async IAsyncEnumerable<TabRow> Stream(IEnumerable<TabRow> rows)
    {
        foreach (var row in rows)
        {
            yield return row;
        }

        await Task.CompletedTask;
    }
}
