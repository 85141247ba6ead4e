using OrleansBulk.Upstreams;

namespace OrleansBulk.Tabs;

/// <summary>
/// Where tabs are kept: spreadsheets or files. A tab has a header and, below it, rows at positions from 1 on that never change while the row is there; a position that
/// was cleared is an empty row. Everything is written to where it belongs and never appended, so writing the same again changes nothing. Safe for many callers, but
/// one tab is written by one of them at a time.
/// </summary>
public interface ITabDestination
{
    /// <summary><c>files</c> or <c>sheets</c>, and for files the form: another one than a tab was kept in needs all rows again.</summary>
    string Name { get; }

    /// <summary>Which spreadsheet, or which folder.</summary>
    string Place => Name;

    /// <summary>Whether what was published of a tab is still there.</summary>
    bool IsThere(TabDefinition tab) => true;

    /// <summary>Whether the tab's sheet had to be made since this was asked last: rows that were written before are not in it.</summary>
    bool TakeMade(TabDefinition tab) => false;

    /// <summary>Whether it can be changed by others, so that a full sync has to compare it (<see cref="RestoreAsync"/>).</summary>
    bool CanDrift { get; }

    /// <summary>Rows that <see cref="RestoreAsync"/> compares with one call.</summary>
    int RestoreRows { get; }

    /// <summary>What a cell holds at most, in characters.</summary>
    int LongestCell => TabCells.Longest;

    /// <summary>Writes rows to their positions, and the header where it is missing. All of them, or none that a repetition would not write again.</summary>
    /// <param name="rows">At most <see cref="TabDefinition.Batch"/>, in the order of their positions.</param>
    Task<CallResult> WriteAsync(TabDefinition tab, IReadOnlyList<TabRow> rows, CallBudget budget, CancellationToken cancellationToken);

    /// <summary>Makes the positions from <paramref name="first"/> on equal to these rows: what differs is written, what is beyond is cleared in the tab's columns.</summary>
    /// <param name="rows">One per position, in order, those of cleared positions without cells.</param>
    /// <param name="isEnd">No row stands behind these: what the sheet has there, in the tab's columns, is cleared too.</param>
    /// <returns><see cref="CallAnswered{T}"/> with how many rows were put right (<c>int</c>), or what came instead.</returns>
    Task<CallResult> RestoreAsync(TabDefinition tab, int first, IReadOnlyList<TabRow> rows, bool isEnd, CallBudget budget, CancellationToken cancellationToken);

    /// <summary>Makes what was written visible, where that is another step: a file is written whole and swapped. Called when all writes of a sync are committed.</summary>
    /// <param name="rows">All rows of the tab in the order of their positions, as committed.</param>
    Task PublishAsync(TabDefinition tab, IAsyncEnumerable<TabRow> rows, CancellationToken cancellationToken);
}

/// <summary>A row of a tab.</summary>
/// <param name="Position">From 1, below the header.</param>
/// <param name="Cells">One text per column of the tab; null: the position is to be empty.</param>
public readonly record struct TabRow(int Position, IReadOnlyList<string>? Cells);
