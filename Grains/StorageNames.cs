namespace OrleansBulk;

/// <summary>Names under which grain storage is registered, in both runtimes.</summary>
public static class StorageNames
{
    public const string Default = "bulk";
}
