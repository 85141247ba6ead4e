namespace OrleansBulk.Simulator.Sheets;

/// <summary>A cell's value that a spreadsheet would calculate: what tests look for where text was meant.</summary>
public sealed record SheetFormula(string Text);
