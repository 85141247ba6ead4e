namespace OrleansBulk.Providers.Files;

/// <summary>The one folder below which files are loaded by their path. Nothing outside of it is ever opened, whatever a path says and wherever links lead.</summary>
internal static class FileFolder
{
    /// <summary>The full path of a file below the folder, or the sentence that says why there is none.</summary>
    public static (string? Full, string? Problem) Find(string? folder, string path)
    {
        if (string.IsNullOrEmpty(folder))
        {
            return (null, "No folder for files is set up here (ProviderFiles:Folder); upload the file instead.");
        }

        var parts = path.Split('/', '\\');
        if (path.Contains('\0') || parts.Any(part => part is "" or "." or ".." || part.Contains(':')))
        {
            return (null, "The path must name a file below the folder for files, such as 2026-10/npidata.zip: no '..', not from the root.");
        }

        // Step by step, so that a link in the middle is seen too.
        var at = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        foreach (var part in parts)
        {
            at = Path.Combine(at, part);
            if (new FileInfo(at).LinkTarget is not null)
            {
                return (null, "A link stands in this path; links are not followed, because they can lead out of the folder for files.");
            }
        }

        return File.Exists(at) ? (at, null) : (null, "There is no such file in the folder for files.");
    }
}
