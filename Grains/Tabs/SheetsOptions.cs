namespace OrleansBulk.Tabs;

/// <summary>Which spreadsheet tabs are written to, and with whose key. Section <c>Tabs:Sheets</c> of the configuration.</summary>
public sealed record SheetsOptions
{
    /// <summary>The file with the service account's key, as Google hands it out (JSON). Required. It is read anew for each token, so a new key needs no restart.</summary>
    public string KeyFile { get; init; } = "";

    /// <summary>The spreadsheet: what stands between <c>/d/</c> and <c>/edit</c> in its address. Required; it must be shared with the service account.</summary>
    public string SpreadsheetId { get; init; } = "";

    /// <exception cref="InvalidOperationException">A value is missing or out of range.</exception>
    public void Validate()
    {
        Check(KeyFile.Length > 0, nameof(KeyFile), KeyFile, "the path of the service account's key file");
        Check(SpreadsheetId.Length is > 0 and <= 200 && SpreadsheetId.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_'), nameof(SpreadsheetId), SpreadsheetId,
            "the id of a spreadsheet: what stands between /d/ and /edit in its address");
    }

    private static void Check(bool good, string setting, string value, string range)
    {
        if (!good)
        {
            throw new InvalidOperationException($"Tabs:Sheets:{setting} is '{value}'; it must be {range}.");
        }
    }
}
