using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansBulk.Tabs;

/// <summary>What a <c>tab-sync</c> job is to do: <c>{tabs?, incremental?, full?, closeGaps?}</c>.</summary>
/// <param name="Tabs">Their names, each once.</param>
/// <param name="Incremental">Only what changed since the last sync; false: all rows are compared, deleted ones found, and a sheet that was changed is put right.</param>
/// <param name="Full">Tabs of an incremental sync of which all rows are compared nevertheless; null: none.</param>
/// <param name="CloseGaps">Tabs whose rows move up to where rows are gone, and of which all rows are compared for that; null: none.</param>
internal sealed record TabSyncSpec(
    IReadOnlyList<string> Tabs, bool Incremental, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Full = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? CloseGaps = null)
{
    /// <summary>Whether all rows of a tab are compared.</summary>
    public bool IsFull(string tab) => !Incremental || Full?.Contains(tab) is true || ClosesGaps(tab);

    public bool ClosesGaps(string tab) => CloseGaps?.Contains(tab) is true;

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
        var (tabs, wrongTabs) = ReadNames(spec, "tabs", "leave it out for all tabs", catalog);
        var (full, wrongFull) = ReadNames(spec, "full", "it names tabs of which all rows are compared though incremental is true", catalog);
        var (gaps, wrongGaps) = ReadNames(spec, "closeGaps", "it names tabs whose rows move up to where rows are gone", catalog);
        return (wrongTabs ?? wrongFull ?? wrongGaps) is { } problem ? (null, problem) : (new TabSyncSpec(tabs ?? [.. catalog.All.Select(tab => tab.Name)], incremental, full, gaps), null);
    }

    private static (IReadOnlyList<string>? Names, string? Problem) ReadNames(JsonElement spec, string member, string hint, TabCatalog catalog)
    {
        if (!spec.TryGetProperty(member, out var list) || list.ValueKind == JsonValueKind.Null)
        {
            return (null, null);
        }

        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
        {
            return (null, $"spec.{member} must be a list of names; {hint}.");
        }

        var names = new List<string>();
        foreach (var entry in list.EnumerateArray())
        {
            var name = entry.ValueKind == JsonValueKind.String ? entry.GetString()! : entry.GetRawText();
            if (catalog.Find(name) is null)
            {
                return (null, $"There is no tab '{(name.Length > 60 ? name[..60] + "…" : name)}'. Known are: {string.Join(", ", catalog.All.Select(tab => tab.Name))}.");
            }

            names.Add(name);
        }

        return ([.. names.Distinct(StringComparer.Ordinal)], null);
    }

    public static TabSyncSpec Parse(string json) => JsonSerializer.Deserialize<TabSyncSpec>(json, JsonSerializerOptions.Web)!;

    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);
}
