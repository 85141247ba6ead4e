using System.Globalization;
using OrleansBulk.Storage;

namespace OrleansBulk.Web.Pages.SystemPages;

/// <summary>How the pages speak of the system.</summary>
internal static class SystemWords
{
    private static readonly string[] Units = ["B", "KB", "MB", "GB", "TB"];

    /// <summary>In the largest unit of 1,024 each: <c>12.3 MB</c>.</summary>
    public static string Bytes(long bytes)
    {
        var (number, unit) = ((double)bytes, 0);
        while (number >= 1024 && unit < Units.Length - 1)
        {
            (number, unit) = (number / 1024, unit + 1);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{(unit == 0 ? number : Math.Round(number, 1)):0.#} {Units[unit]}");
    }

    /// <summary>A grain's type without what the runtime writes around it.</summary>
    public static string GrainType(string type) => type.Split(',')[0].Split('.')[^1];

    public static string Lane(string application) => application switch
    {
        "bulk-interactive" => "Lane of people",
        "bulk-jobs" => "Lane of jobs",
        "bulk-orleans" => "Lane of the cluster",
        "" => "Without a name",
        _ when application.Contains('/') => $"Holder {application}",
        _ => application,
    };

    public static int? LaneSize(string application) => application switch
    {
        "bulk-interactive" => Database.InteractiveConnections,
        "bulk-jobs" => Database.BulkConnections,
        _ => null,
    };
}
