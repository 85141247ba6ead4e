using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansBulk.CodingProfiles;

namespace OrleansBulk.Providers;

/// <summary>
/// Reads one provider of the registry's answers, new and old: numbers as texts or numbers, epochs in seconds or milliseconds, lists that are missing when empty,
/// addresses in any order. What is missing that must be there is a <see cref="FormatException"/>: the answer has changed shape.
/// </summary>
internal static class RegistryProvider
{
    /// <summary>Epochs above are milliseconds: as seconds this is the year 5138.</summary>
    private const long MostSeconds = 100_000_000_000;

    /// <summary>Ten digits; whether the check digit is right is not looked at.</summary>
    public static long Npi(JsonElement row)
    {
        var number = row.Require("number");
        var text = number.ValueKind == JsonValueKind.Number ? number.GetRawText() : number.GetString();
        return text is { Length: 10 } && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var npi)
            ? npi
            : throw new FormatException($"'number' is '{ProfileText.Clean(text, 40)}' where ten digits were wanted.");
    }

    /// <summary>Codes and descriptions of its taxonomies; the description of a retired code is null.</summary>
    public static IReadOnlyList<(string Code, string? Description, bool Primary)> Taxonomies(JsonElement row) =>
        [.. row.Require("taxonomies").Elements("taxonomies").Select(taxonomy => (taxonomy.RequireText("code"), taxonomy.Text("desc"), taxonomy.Flag("primary") ?? false))];

    public static ProviderRecord Read(JsonElement row, IReadOnlyList<(string Code, string? Description, bool Primary)> taxonomies)
    {
        var basic = row.Require("basic");
        var isPerson = row.RequireText("enumeration_type") switch
        {
            "NPI-1" => true,
            "NPI-2" => false,
            var other => throw new FormatException($"'enumeration_type' is '{other}'; known are NPI-1 and NPI-2."),
        };
        var addresses = row.Require("addresses").Elements("addresses");
        var location = Purpose(addresses, "LOCATION");
        var primary = taxonomies.Where(taxonomy => taxonomy.Primary).Concat(taxonomies).Select(taxonomy => taxonomy.Code).FirstOrDefault();
        return new ProviderRecord
        {
            Npi = Npi(row),
            Entity = isPerson ? "individual" : "organization",
            OrganizationName = isPerson ? null : Text(basic, "organization_name") ?? Text(basic, "name") ?? throw new FormatException("'organization_name' is missing."),
            LastName = isPerson ? Text(basic, "last_name") ?? Text(basic, "name") ?? throw new FormatException("'last_name' is missing.") : null,
            FirstName = isPerson ? Text(basic, "first_name") : null,
            MiddleName = isPerson ? Text(basic, "middle_name") : null,
            Credential = isPerson ? Text(basic, "credential") : null,
            Sex = isPerson ? Text(basic, "sex") ?? Text(basic, "gender") : null,
            Phone = ProviderRecord.Number(location is { } practice ? Text(practice, "telephone_number") : null),
            Fax = ProviderRecord.Number(location is { } faxed ? Text(faxed, "fax_number") : null),
            Practice = Address(location),
            Mailing = Address(Purpose(addresses, "MAILING")),
            Taxonomy = primary,
            Taxonomies = ProviderRecord.InOrder(primary, taxonomies.Select(taxonomy => taxonomy.Code)),
            EnumeratedOn = Day(basic, "enumeration_date") ?? Epoch(row, "created_epoch"),
            LastUpdatedOn = Day(basic, "last_updated") ?? Epoch(row, "last_updated_epoch"),
            CertifiedOn = Day(basic, "certification_date"),
            DeactivatedOn = Day(basic, "deactivation_date"),
            ReactivatedOn = Day(basic, "reactivation_date"),
            Deactivated = Text(basic, "status") switch
            {
                "A" => false,
                "D" => true,
                var other => throw new FormatException($"'status' is '{other}'; known are A and D."),
            },
            Answer = Storable(row.GetRawText()),
        };
    }

    private static JsonElement? Purpose(IReadOnlyList<JsonElement> addresses, string purpose)
    {
        foreach (var address in addresses)
        {
            if (address.RequireText("address_purpose").Equals(purpose, StringComparison.OrdinalIgnoreCase))
            {
                return address;
            }
        }

        return null;
    }

    private static ProviderAddress Address(JsonElement? address) => address is not { } given
        ? ProviderAddress.None
        : new ProviderAddress(
            Text(given, "address_1"), Text(given, "address_2"), Text(given, "city"), Text(given, "state"), ProviderRecord.PostalCode(Text(given, "postal_code")), Text(given, "country_code"));

    private static string? Text(JsonElement parent, string name) => ProviderRecord.Clean(parent.Text(name, ProfileText.Long));

    private static DateOnly? Day(JsonElement parent, string name)
    {
        if (Text(parent, name) is not { } text)
        {
            return null;
        }

        return DateOnly.TryParseExact(text, ["yyyy-MM-dd", "MM/dd/yyyy"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? day
            : throw new FormatException($"'{name}' is '{ProfileText.Clean(text, 40)}' where a day was wanted.");
    }

    private static DateOnly? Epoch(JsonElement row, string name) => row.Real(name) is { } epoch
        ? DateOnly.FromDateTime(JsonFields.Epoch(epoch > MostSeconds ? epoch / 1000 : epoch, name).UtcDateTime)
        : null;

    /// <summary>JSON as PostgreSQL takes it: it refuses NUL and half surrogates, which JSON may spell.</summary>
    internal static string Storable(string json)
    {
        if (!json.Contains("\\u", StringComparison.Ordinal))
        {
            return json;
        }

        var clean = new StringBuilder(json.Length);
        for (var i = 0; i < json.Length; i++)
        {
            if (json[i] != '\\' || json[i + 1] != 'u')
            {
                clean.Append(json[i]);
                if (json[i] == '\\')
                {
                    clean.Append(json[++i]);
                }

                continue;
            }

            var unit = Unit(json, i)!.Value;
            if (char.IsHighSurrogate(unit) && Unit(json, i + 6) is { } low && char.IsLowSurrogate(low))
            {
                clean.Append(json, i, 12);
                i += 11;
                continue;
            }

            clean.Append(unit == 0 ? null : char.IsSurrogate(unit) ? "\\ufffd" : json.Substring(i, 6));
            i += 5;
        }

        return clean.ToString();
    }

    private static char? Unit(string json, int at) =>
        at + 6 <= json.Length && json[at] == '\\' && json[at + 1] == 'u' ? (char)ushort.Parse(json.AsSpan(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) : null;
}
