namespace OrleansBulk.Tabs;

/// <summary>Where tabs are written as files. Section <c>Tabs:Files</c> of the configuration.</summary>
public sealed record FilesOptions
{
    /// <summary>The folder; made when it is not there. A relative one is below the folder that the service runs in. Default <c>tabs</c>.</summary>
    public string Folder { get; init; } = "tabs";

    /// <summary><c>csv</c>, <c>xlsx</c> (a workbook per tab) or <c>both</c>. Default <c>csv</c>. Another one than before writes all tabs anew; files of the form before stay as they are.</summary>
    public string Format { get; init; } = "csv";

    /// <exception cref="InvalidOperationException">A value is missing or out of range.</exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(Folder) || Folder.AsSpan().IndexOfAny(Path.GetInvalidPathChars()) >= 0)
        {
            throw new InvalidOperationException($"Tabs:Files:Folder is '{Folder}'; it must be the path of a folder.");
        }

        if (Format is not ("csv" or "xlsx" or "both"))
        {
            throw new InvalidOperationException($"Tabs:Files:Format is '{Format}'; it must be csv, xlsx or both.");
        }
    }
}
