namespace OrleansBulk.Tests.Tabs;

/// <summary>Tabs as workbooks.</summary>
public sealed class WorkbookConformanceTests() : FilesConformance("xlsx")
{
    protected override IReadOnlyList<IReadOnlyList<string>> See() => Workbooks.Read(PathOfTab, Tab.Columns.Count);

    /// <summary>Without cleared positions; texts are as they are.</summary>
    protected override IReadOnlyList<IReadOnlyList<string>> Expected() =>
        [[.. Tab.Columns.Select(column => column.Title)], .. AllRows().Where(row => row.Cells is not null).Select(row => row.Cells!)];
}
