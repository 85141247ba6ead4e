using Microsoft.Extensions.Primitives;

namespace OrleansBulk.Simulator.Nppes;

/// <summary>A search as the registry understands it, or the error that it answers instead.</summary>
internal sealed record NppesSearch
{
    private const string AllowedBesideLetters = " &':,/-().#\";*";

    private string? Number { get; init; }

    private string? EntityType { get; init; }

    private string? Taxonomy { get; init; }

    private string? FirstName { get; init; }

    private string? LastName { get; init; }

    private string? Organization { get; init; }

    private string? Purpose { get; init; }

    private string? City { get; init; }

    private string? State { get; init; }

    private string? PostalCode { get; init; }

    private string? Country { get; init; }

    public int Limit { get; private init; }

    public int Skip { get; private init; }

    /// <param name="ask">The query string.</param>
    public static (NppesSearch? Search, NppesError? Error) Read(IQueryCollection ask, int maxLimit, int maxSkip)
    {
        if (ask["version"] != "2.1") return (null, new NppesError("17", "version", "Unsupported Version"));
        var search = new NppesSearch
        {
            Number = Text("number"),
            EntityType = Text("enumeration_type"),
            Taxonomy = Text("taxonomy_description"),
            FirstName = Text("first_name"),
            LastName = Text("last_name"),
            Organization = Text("organization_name"),
            Purpose = Text("address_purpose")?.ToUpperInvariant(),
            City = Text("city"),
            State = Text("state"),
            PostalCode = Text("postal_code"),
            Country = Text("country_code"),
            Limit = Math.Clamp(Whole(ask["limit"], 10), 1, maxLimit),
            Skip = Math.Clamp(Whole(ask["skip"], 0), 0, maxSkip),
        };
        return search.WhyRefused() is { } error ? (null, error) : (search, null);

        string? Text(string name) => ask[name].ToString().Trim() is { Length: > 0 } text ? text : null;
    }

    /// <summary>The taxonomies that a description means: a substring, whatever its case, of classification or specialization alone.</summary>
    public IReadOnlySet<NppesTaxonomy> Meant(IEnumerable<NppesTaxonomy> taxonomies) => taxonomies
        .Where(taxonomy => Taxonomy is null || taxonomy.Description.Split(", ", 2).Any(part => Matches(Taxonomy, part, anywhere: true)))
        .ToHashSet();

    public bool Finds(NppesProvider provider, IReadOnlySet<NppesTaxonomy> meant)
    {
        if (Number is not null && Number != provider.Npi.ToString()) return false;
        if (EntityType is not null && (EntityType == "NPI-1") != provider.IsPerson) return false;
        if (Taxonomy is not null && !provider.Taxonomies.Any(meant.Contains)) return false;
        if (FirstName is not null && !(provider.IsPerson && Matches(FirstName, provider.FirstName))) return false;
        if (LastName is not null && !(provider.IsPerson && Matches(LastName, provider.Name))) return false;
        if (Organization is not null && !(!provider.IsPerson && Matches(Organization, provider.Name))) return false;
        return City is null && State is null && PostalCode is null || Purpose switch
        {
            "PRIMARY" => IsAt(provider.Practice),
            "SECONDARY" => provider.Secondary is { } second && IsAt(second),
            "LOCATION" => IsAt(provider.Practice) || provider.Secondary is { } second && IsAt(second),
            "MAILING" => IsAt(provider.Mailing),
            _ => IsAt(provider.Practice) || IsAt(provider.Mailing) || provider.Secondary is { } second && IsAt(second),
        };
    }

    private bool IsAt(NppesPlace place) =>
        (City is null || Matches(City, place.City))
        && (State is null || State.Equals(place.State, StringComparison.OrdinalIgnoreCase))
        && (PostalCode is null || place.PostalCode.StartsWith(PostalCode.TrimEnd('*'), StringComparison.Ordinal));

    private static bool Matches(string asked, string text, bool anywhere = false)
    {
        if (anywhere) return text.Contains(asked.TrimEnd('*'), StringComparison.OrdinalIgnoreCase);
        return asked.EndsWith('*') ? text.StartsWith(asked[..^1], StringComparison.OrdinalIgnoreCase) : text.Equals(asked, StringComparison.OrdinalIgnoreCase);
    }

    private NppesError? WhyRefused()
    {
        if (Number is not null && !(Number.Length == 10 && Number.All(char.IsAsciiDigit))) return new("06", "number", "NPI must be 10 digits");
        if (EntityType is not (null or "NPI-1" or "NPI-2")) return Wrong("enumeration_type");
        foreach (var (field, text) in new[] { ("first_name", FirstName), ("last_name", LastName), ("organization_name", Organization), ("city", City), ("taxonomy_description", Taxonomy) })
        {
            if (text is null) continue;
            if (text.Any(character => !char.IsLetterOrDigit(character) && !AllowedBesideLetters.Contains(character, StringComparison.Ordinal))) return Wrong(field);
            if (text.Contains('*', StringComparison.Ordinal) && (text.IndexOf('*', StringComparison.Ordinal) < 2 || !text.EndsWith('*')))
                return new("03", field, "Field requires at least 2 characters before the wildcard");
        }
        if (State is not null && !(State.Length == 2 && State.All(char.IsAsciiLetter))) return Wrong("state");
        if (PostalCode is not null && !IsPostal(PostalCode)) return Wrong("postal_code");
        if ((Number ?? Taxonomy ?? FirstName ?? LastName ?? Organization ?? City ?? PostalCode) is not null) return null;
        if (State is not null) return new("07", "state", "Field state requires additional search criteria");
        if (Country is not null and not "US") return null;
        return EntityType is not null ? new("09", "enumeration_type", "enumeration_type requires additional search criteria") : new("04", "generic", "No valid search criteria provided");
    }

    private static bool IsPostal(string text)
    {
        var digits = text.TrimEnd('*');
        return digits.All(char.IsAsciiDigit) && (text.EndsWith('*') ? digits.Length is >= 2 and <= 9 : digits.Length is 5 or 9);
    }

    private static NppesError Wrong(string field) => new("05", field, "Field contains special character(s) or wrong number of characters");

    private static int Whole(StringValues text, int fallback) => int.TryParse(text, out var number) ? number : fallback;
}

internal sealed record NppesError(string Number, string Field, string Description);
