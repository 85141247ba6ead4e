using System.Text.Json;
using OrleansBulk.Jobs;

namespace OrleansBulk.Providers;

/// <summary>One item of a sync: a page of a query.</summary>
/// <param name="Page">From 0.</param>
internal sealed record RegistryPart(RegistryQuery Query, int Page)
{
    /// <summary>What its answer is kept under for the next minutes.</summary>
    public string PageKey => KeyOf(Query.Key, Page);

    public static string KeyOf(string query, int page) => $"{query}#{page}";

    public PlannedItem Plan(string specialty, string? cursor) =>
        new($"{specialty}: {Query.Label}{(Page == 0 ? null : $", page {Page + 1}")}", JsonSerializer.Serialize(this), cursor);

    public static RegistryPart Read(Item item) => JsonSerializer.Deserialize<RegistryPart>(item.Data!)!;
}
