namespace OrleansBulk.Ingest;

/// <summary>
/// The table of one ingest's staged rows. Statements are written against <c>ingest_staging</c>, which has the same columns, and sent against this one.
/// </summary>
internal static class StagingTable
{
    public const string Prefix = "staged_";
    private const string Model = "ingest_staging";

    public static string Of(Guid jobId) => Prefix + jobId.ToString("N");

    public static string For(string sql, Guid jobId) => sql.Replace(Model, Of(jobId), StringComparison.Ordinal);
}
