using System.Text;

namespace OrleansBulk.Providers;

/// <summary>
/// One question to the registry: a specialty in a place. The registry shows 1,200 of its answers at most, so a question with more is split into narrower ones that
/// cover it; none of them covers what it does not, and together they leave nothing out but names with characters that the registry cannot be asked for (accents, +, !), or that
/// begin with neither a letter nor, of organisations, a digit.
/// </summary>
/// <param name="Specialty">Its place in the sync's spec, from 1.</param>
/// <param name="Code">Empty: whatever code has the description as its specialization, or as its classification where there is none.</param>
/// <param name="PostalCode">5 or 9 digits, or the first 2 to 4.</param>
/// <param name="Entity"><c>NPI-1</c> for individuals, <c>NPI-2</c> for organisations; null for both.</param>
/// <param name="Name">The beginning of the last name, or of the organisation's name.</param>
/// <param name="WholeName"><paramref name="Name"/> is all of it.</param>
internal sealed record RegistryQuery(
    int Specialty, string Code, string Description, string? State = null, string? City = null, string? PostalCode = null, string? Entity = null, string? Name = null, bool WholeName = false)
{
    public const int PageRows = 200;

    /// <summary>Pages that can be reached: skip ends at 1,000, and a larger one brings the rows of 1,000 again.</summary>
    public const int Pages = 6;

    private const int LongestName = 8;
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const string Digits = "0123456789";
    private const string BesideLetters = " '-.,/&():;#"; // what the registry takes in a name; others it refuses

    /// <summary>What tells it from others, across jobs.</summary>
    public string Key => string.Join('|', Code, Description, State, City, PostalCode, Entity, Name, WholeName ? "whole" : null);

    /// <summary>Where it asks, for people.</summary>
    public string Label
    {
        get
        {
            var label = new StringBuilder((City, State) switch
            {
                (null, null) => PostalCode is null ? "United States" : "",
                (null, _) => State,
                (_, null) => City,
                _ => $"{City}, {State}",
            });
            if (PostalCode is not null)
            {
                label.Append(label.Length > 0 ? ", " : null).Append("ZIP ").Append(PostalCode).Append(IsPrefix ? "*" : null);
            }

            label.Append(Entity switch { "NPI-1" => ", individuals", "NPI-2" => ", organisations", _ => null });
            return Name is null ? label.ToString() : label.Append(" named ").Append(Name).Append(WholeName ? null : "*").ToString();
        }
    }

    private bool IsPrefix => PostalCode is { Length: < 5 };

    /// <summary>The query string of one page.</summary>
    /// <param name="page">From 0.</param>
    public string Address(int page)
    {
        // PRIMARY: without it a search finds whoever gets mail there. US: a search by specialty alone is narrowed to addresses that have a ZIP code to be split by.
        var address = new StringBuilder("/api/?version=2.1&address_purpose=PRIMARY");
        Add("taxonomy_description", Description);
        Add("country_code", State is null && City is null ? "US" : null);
        Add("state", State);
        Add("city", City);
        Add("postal_code", IsPrefix ? PostalCode + "*" : PostalCode);
        Add("enumeration_type", Entity);
        Add(Entity == "NPI-2" ? "organization_name" : "last_name", Name is null || WholeName ? Name : Name + "*");
        return address.Append("&limit=").Append(PageRows).Append("&skip=").Append(page * PageRows).ToString();

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                address.Append('&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }
        }
    }

    /// <summary>Narrower queries that cover this one; none when it cannot be made narrower.</summary>
    public IReadOnlyList<RegistryQuery> Split() => this switch
    {
        { PostalCode: null } => [.. from first in Digits from second in Digits select this with { PostalCode = $"{first}{second}" }],
        { PostalCode.Length: < 5 } => [.. Digits.Select(digit => this with { PostalCode = PostalCode + digit })],
        { Entity: null } => [this with { Entity = "NPI-1" }, this with { Entity = "NPI-2" }],
        { Name: null } => [.. from first in First from second in Following select this with { Name = $"{first}{second}" }, .. First.Select(letter => this with { Name = letter.ToString(), WholeName = true })],
        { WholeName: false, Name.Length: < LongestName } => [.. Following.Select(character => this with { Name = Name + character }), this with { WholeName = true }],
        _ => [],
    };

    private string First => Entity == "NPI-2" ? Letters + Digits : Letters;

    private string Following => First + BesideLetters;

    /// <summary>Whether providers with this taxonomy are asked for.</summary>
    /// <param name="description">As answers have it: <c>Classification, Specialization</c>, or the classification alone.</param>
    public bool Means(string code, string? description) => Code.Length > 0 ? code == Code
        : description is not null && (description.Equals(Description, StringComparison.OrdinalIgnoreCase) || description.EndsWith(", " + Description, StringComparison.OrdinalIgnoreCase));
}
