using System.Text.Json;

namespace OrleansBulk.Tabs;

/// <summary>What a <c>tab-sync</c> job is to do: <c>{tabs?, incremental?}</c>.</summary>
/// <param name="Tabs">Their names, each once.</param>
/// <param name="Incremental">Only what changed since the last sync; false: all rows are compared, deleted ones found, and a sheet that was changed is put right.</param>
internal sealed record TabSyncSpec(IReadOnlyList<string> Tabs, bool Incremental)
{
    /// <summary>Reads what somebody sent. The problem is a sentence; null when there is none.</summary>
    public static (TabSyncSpec? Spec, string? Problem) Read(JsonElement spec, TabCatalog catalog)
    {
        if (spec.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
        {
            return (new TabSyncSpec([.. catalog.All.Select(tab => tab.Name)], true), null);
        }

        if (spec.ValueKind != JsonValueKind.Object)
        {
            return (null, "spec must be an object with tabs and incremental, or {} for everything that changed in all tabs.");
        }

        if (spec.TryGetProperty("incremental", out var sent) && sent.ValueKind is not (JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null))
        {
            return (null, "spec.incremental must be true (what changed) or false (compare all rows).");
        }

        var incremental = sent.ValueKind != JsonValueKind.False;
        if (!spec.TryGetProperty("tabs", out var tabs) || tabs.ValueKind == JsonValueKind.Null)
        {
            return (new TabSyncSpec([.. catalog.All.Select(tab => tab.Name)], incremental), null);
        }

        if (tabs.ValueKind != JsonValueKind.Array || tabs.GetArrayLength() == 0)
        {
            return (null, "spec.tabs must be a list of names; leave it out for all tabs.");
        }

        var names = new List<string>();
        foreach (var entry in tabs.EnumerateArray())
        {
            var name = entry.ValueKind == JsonValueKind.String ? entry.GetString()! : entry.GetRawText();
            if (catalog.Find(name) is null)
            {
                return (null, $"There is no tab '{(name.Length > 60 ? name[..60] + "…" : name)}'. Known are: {string.Join(", ", catalog.All.Select(tab => tab.Name))}.");
            }

            names.Add(name);
        }

        return (new TabSyncSpec([.. names.Distinct(StringComparer.Ordinal)], incremental), null);
    }

    public static TabSyncSpec Parse(string json) => JsonSerializer.Deserialize<TabSyncSpec>(json, JsonSerializerOptions.Web)!;

    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);
}
