namespace OrleansBulk.Providers.Files;

/// <summary>Where files of providers come from and how large they may be. Section <c>ProviderFiles</c> of the configuration.</summary>
public sealed record ProviderFileOptions
{
    /// <summary>Files below this folder can be loaded by their path. Default none: then only uploads are. In a cluster every silo must see it under this name.</summary>
    public string? Folder { get; init; }

    /// <summary>Uploads are kept here until they are loaded. Default a folder of the user's that lasts. In a cluster every silo must see it under this name.</summary>
    public string UploadFolder { get; init; } = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify) is { Length: > 0 } home ? home : AppContext.BaseDirectory, "OrleansBulk", "files");

    /// <summary>An upload may have so many bytes. Default 16 GiB, range 1 KiB to 1 TiB.</summary>
    public long MaxUploadBytes { get; init; } = 16L * 1024 * 1024 * 1024;

    /// <exception cref="InvalidOperationException">A value is out of range.</exception>
    public void Validate()
    {
        if (MaxUploadBytes is < 1024 or > 1024L * 1024 * 1024 * 1024)
        {
            throw new InvalidOperationException($"ProviderFiles:MaxUploadBytes is {MaxUploadBytes}; it must be 1,024 to 1,099,511,627,776.");
        }

        if (string.IsNullOrWhiteSpace(UploadFolder) || (Folder is not null && !Path.IsPathFullyQualified(Folder)) || !Path.IsPathFullyQualified(UploadFolder))
        {
            throw new InvalidOperationException("ProviderFiles:Folder and ProviderFiles:UploadFolder must be full paths, such as /srv/nppes.");
        }
    }
}
