namespace OrleansBulk.Tabs;

/// <summary>A tab as it is written where it had more columns before: those are its own too, and what stands there is cleared, header and all.</summary>
internal sealed class WideTab(TabDefinition tab, int width)
{
    private readonly string[] _empty = [.. Enumerable.Repeat("", Math.Max(0, width - tab.Columns.Count))];

    public TabDefinition Tab { get; } = width <= tab.Columns.Count ? tab : tab with { Columns = [.. tab.Columns, .. Enumerable.Repeat(new TabColumn("", "", TabFormat.Text), width - tab.Columns.Count)] };

    /// <summary>A row of the tab, with empty cells in the columns that it has no more.</summary>
    public TabRow Widen(TabRow row) => _empty.Length == 0 || row.Cells is null ? row : row with { Cells = [.. row.Cells, .. _empty] };
}
