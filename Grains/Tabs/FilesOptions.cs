namespace OrleansBulk.Tabs;

/// <summary>Where tabs are written as files. Section <c>Tabs:Files</c> of the configuration.</summary>
public sealed record FilesOptions
{
    /// <summary>The folder; made when it is not there. A relative one is below the folder that the service runs in. Default <c>tabs</c>.</summary>
    public string Folder { get; init; } = "tabs";

    /// <exception cref="InvalidOperationException">A value is missing or out of range.</exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(Folder) || Folder.AsSpan().IndexOfAny(Path.GetInvalidPathChars()) >= 0)
        {
            throw new InvalidOperationException($"Tabs:Files:Folder is '{Folder}'; it must be the path of a folder.");
        }
    }
}
