namespace OrleansBulk.CodingProfiles;

/// <summary>Which profiles are meant. Everything null: all.</summary>
/// <param name="Platform">The platform's name.</param>
/// <param name="Query">The beginning of the handle, in any case.</param>
/// <param name="Owner">Exactly this owner.</param>
/// <param name="StaleAfter">Only those that were not fetched since.</param>
/// <param name="State">new, found or missing.</param>
public sealed record ProfileFilter(string? Platform = null, string? Query = null, string? Owner = null, DateTimeOffset? StaleAfter = null, string? State = null)
{
    internal string? Pattern => Query is null ? null : Query.ToLowerInvariant().Replace(@"\", @"\\").Replace("%", @"\%").Replace("_", @"\_") + "%";
}
