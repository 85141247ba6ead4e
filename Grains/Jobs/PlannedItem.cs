namespace OrleansBulk.Jobs;

/// <summary>An item as a workload's plan brings it.</summary>
/// <param name="Key">What it is about, for people: at most 400 characters.</param>
/// <param name="Data">A JSON value that the workload wants back when the item runs, or null.</param>
/// <param name="Cursor">Where the plan goes on behind this item. Null for spawned items, which are never planned again.</param>
public readonly record struct PlannedItem(string Key, string? Data, string? Cursor);
