using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansBulk.Jobs;

namespace OrleansBulk.Tabs;

/// <summary>What one item of a sync is: a row that changed, a row that is gone, the end of a tab, a block of positions to be compared with the sheet, or what is wrong with a tab. Closed.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "is")]
[JsonDerivedType(typeof(ChangedRow), "row")]
[JsonDerivedType(typeof(GoneRow), "gone")]
[JsonDerivedType(typeof(TabEnd), "end")]
[JsonDerivedType(typeof(TabBlock), "block")]
[JsonDerivedType(typeof(TabTaken), "taken")]
[JsonDerivedType(typeof(UnplacedRows), "unplaced")]
internal abstract record TabItem(string Tab)
{
    public static TabItem Read(Item item) => JsonSerializer.Deserialize<TabItem>(item.Data!)!;

    public PlannedItem Plan(string? cursor) => new(Words, JsonSerializer.Serialize(this), cursor);

    protected abstract string Words { get; }
}

/// <summary>A row that is new, or changed since it was written.</summary>
/// <param name="At">When it changed, as it was planned; null: it is written again for another reason.</param>
internal sealed record ChangedRow(string Tab, string Key, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? At = null) : TabItem(Tab)
{
    protected override string Words => $"{Tab}/{Key}";
}

/// <summary>A row that stands in the tab and not in the source any more.</summary>
internal sealed record GoneRow(string Tab, string Key) : TabItem(Tab)
{
    protected override string Words => $"{Tab}/{Key}, deleted";
}

/// <summary>
/// Runs when all rows of the tab have their outcome: makes them visible and moves the watermark. Where the sheet has to be compared it brings the blocks for that, and one
/// more end behind them; the last one lets go of the tab.
/// </summary>
/// <param name="At">With <paramref name="Key"/>: up to where the source was read; null when there was nothing.</param>
/// <param name="IsCompared">The blocks stand before it.</param>
/// <param name="Trouble">Why not all rows could be found; null: they were.</param>
/// <param name="IsCut">Time was up before all rows were found: the next full sync goes on at the place that is told.</param>
internal sealed record TabEnd(string Tab, DateTimeOffset? At, string? Key, bool IsFull, bool IsCompared = false, string? Trouble = null, bool IsCut = false) : TabItem(Tab)
{
    protected override string Words => IsCompared ? $"{Tab}, end of the comparison" : $"{Tab}, end";
}

/// <summary>Positions to be compared with the sheet, from <paramref name="First"/> on.</summary>
internal sealed record TabBlock(string Tab, int First, int Rows) : TabItem(Tab)
{
    protected override string Words => $"{Tab}, rows {First} to {First + Rows - 1}";
}

/// <summary>Rows of the source that have no key or no time of change that can be used, so that they have no place in a tab.</summary>
internal sealed record UnplacedRows(string Tab, int Rows, bool AreMore) : TabItem(Tab)
{
    protected override string Words => $"{Tab}, rows without key or updated_at";
}

/// <summary>The tab is not synced: another sync has it, it is paused, its query is wrong, or it is in the file no more.</summary>
internal sealed record TabTaken(string Tab, string Why, bool IsWrong) : TabItem(Tab)
{
    protected override string Words => $"{Tab}, not synced";
}
