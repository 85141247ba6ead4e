namespace OrleansBulk.Tabs;

/// <summary>A tab: a query of the source database that is kept equal to one sheet of a spreadsheet, or to one file.</summary>
/// <param name="Name">As in addresses and in <c>tabs.json</c>: small letters, digits and hyphens.</param>
/// <param name="Title">What the sheet is called; the file too.</param>
/// <param name="Source">A SELECT with the columns <c>key</c> (text, unique, never null) and <c>updated_at</c> (timestamptz, never null) beside those of <paramref name="Columns"/>.</param>
/// <param name="Batch">Rows that are read with one query and written with one call.</param>
/// <param name="Limit">Changed rows that one incremental sync takes; the others come with the next one.</param>
public sealed record TabDefinition(string Name, string Title, string Source, IReadOnlyList<TabColumn> Columns, int Batch, int Limit);

/// <param name="Name">The column of the source query.</param>
/// <param name="Title">What stands in the header.</param>
public sealed record TabColumn(string Name, string Title, TabFormat Format);

/// <summary>
/// How a value of the source becomes the text of a cell, and what a spreadsheet is to take it for. Where something would be lost (a number of more than 15 digits, one that
/// begins with zeros), and in everything else, it is a text that no spreadsheet takes for a formula.
/// </summary>
public enum TabFormat
{
    /// <summary>As it is.</summary>
    Text,

    /// <summary>Digits without groups, a point before fractions: a number in sheets and workbooks.</summary>
    Number,

    /// <summary><c>2026-01-31</c>, in UTC: a day in workbooks, a text in sheets, where it sorts as well.</summary>
    Date,

    /// <summary><c>2026-01-31 12:00:00</c>, in UTC: a time in workbooks, a text in sheets.</summary>
    Time,

    /// <summary><c>yes</c> or <c>no</c>: true or false in sheets and workbooks.</summary>
    Flag,
}
