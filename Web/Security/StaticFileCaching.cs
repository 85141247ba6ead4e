using Microsoft.AspNetCore.StaticFiles;

namespace OrleansBulk.Web.Security;

/// <summary>Serves <c>wwwroot</c> to everybody. A file asked for by its version (<c>asp-append-version</c>) is kept for a year, any other asked for again.</summary>
internal static class StaticFileCaching
{
    public static readonly StaticFileOptions Options = new() { OnPrepareResponse = SetCaching };

    private static void SetCaching(StaticFileResponseContext file) =>
        file.Context.Response.Headers.CacheControl = file.Context.Request.Query.ContainsKey("v") ? "public, max-age=31536000, immutable" : "no-cache";
}
