using System.Security.Cryptography;
using System.Text.Json;

namespace OrleansBulk.Tabs;

/// <summary>Where the rows of a tab stand, and in which form. What was written in another one has to be compared and written again, whatever its time of change says.</summary>
internal static class TabLayout
{
    /// <summary>A fingerprint of the destination and of all that a row's cells follow from.</summary>
    public static string Of(string destination, TabDefinition tab) =>
        $"{destination}:{Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(new { tab.Title, tab.Source, tab.Columns })))[..32]}";
}
