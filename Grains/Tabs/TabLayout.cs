using System.Security.Cryptography;
using System.Text.Json;

namespace OrleansBulk.Tabs;

/// <summary>From where the rows of a tab come, where they stand, and in which form. What was written in another one has to be compared and written again, whatever its time of change says.</summary>
internal static class TabLayout
{
    /// <summary>A fingerprint of the source database, the destination and all that a row's cells follow from.</summary>
    public static string Of(TabSource source, ITabDestination destination, TabDefinition tab) =>
        $"{destination.Name}:{Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(new { From = source.Place, To = destination.Place, tab.Title, tab.Source, tab.Columns })))[..32]}";
}
