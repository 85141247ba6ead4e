using System.Globalization;
using System.Text.Json;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Scenarios;

namespace OrleansBulk.Simulator.Nppes;

/// <summary>Answers in the registry's words; errors come with HTTP 200.</summary>
internal static class NppesBody
{
    public static Reply Error(NppesError error) => Reply.Json(200, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("Errors");
        json.WriteStartObject();
        json.WriteString("description", error.Description);
        json.WriteString("field", error.Field);
        json.WriteString("number", error.Number);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>A page; <c>result_count</c> is the number of its rows.</summary>
    public static Reply Page(IReadOnlyList<NppesProvider> rows, NppesWorld world, NppesScenario form) => Reply.Json(200, json =>
    {
        json.WriteStartObject();
        json.WriteNumber("result_count", rows.Count);
        json.WriteStartArray("results");
        foreach (var row in rows)
        {
            if (world.Recorded(row.Npi) is { } recorded) json.WriteRawValue(recorded);
            else Write(json, row, form);
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void Write(Utf8JsonWriter json, NppesProvider provider, NppesScenario form)
    {
        json.WriteStartObject();
        Number("created_epoch", Epoch(provider.Enumerated, form));
        Number("last_updated_epoch", Epoch(provider.Updated, form));
        json.WriteString("enumeration_type", provider.IsPerson ? "NPI-1" : "NPI-2");
        Number("number", provider.Npi);
        WriteBasic(json, provider, form);
        json.WriteStartArray("addresses");
        WriteAddress(json, provider.MailingFirst ? provider.Mailing : provider.Practice, provider.MailingFirst ? "MAILING" : "LOCATION");
        WriteAddress(json, provider.MailingFirst ? provider.Practice : provider.Mailing, provider.MailingFirst ? "LOCATION" : "MAILING");
        json.WriteEndArray();
        if (provider.Secondary is { } second)
        {
            json.WriteStartArray("practiceLocations");
            WriteAddress(json, second, "LOCATION");
            json.WriteEndArray();
        }
        else Empty("practiceLocations");
        json.WriteStartArray("taxonomies");
        for (var i = 0; i < provider.Taxonomies.Count; i++) WriteTaxonomy(json, provider, i);
        json.WriteEndArray();
        Empty("identifiers");
        Empty("endpoints");
        Empty("other_names");
        json.WriteEndObject();

        void Number(string name, long value)
        {
            if (form.Numbers == NppesNumbers.Integers) json.WriteNumber(name, value);
            else json.WriteString(name, value.ToString(CultureInfo.InvariantCulture));
        }

        void Empty(string name)
        {
            if (form.OldFields) return;
            json.WriteStartArray(name);
            json.WriteEndArray();
        }
    }

    private static void WriteBasic(Utf8JsonWriter json, NppesProvider provider, NppesScenario form)
    {
        json.WriteStartObject("basic");
        if (provider.IsPerson)
        {
            json.WriteString("first_name", provider.FirstName);
            if (provider.MiddleName is not null) json.WriteString("middle_name", provider.MiddleName);
            json.WriteString("last_name", provider.Name);
            if (provider.Credential is not null) json.WriteString("credential", provider.Credential);
            json.WriteString("name_prefix", "--");
            json.WriteString("sole_proprietor", "NO");
            json.WriteString(form.OldFields ? "gender" : "sex", provider.Sex);
            if (form.OldFields) json.WriteString("name", $"{provider.Name} {provider.FirstName}");
        }
        else
        {
            json.WriteString("organization_name", provider.Name);
            json.WriteString("organizational_subpart", "NO");
            json.WriteString("authorized_official_first_name", provider.FirstName);
            json.WriteString("authorized_official_last_name", "SAMPLE");
            json.WriteString("authorized_official_telephone_number", "5550100102");
        }
        json.WriteString("enumeration_date", Day(provider.Enumerated));
        json.WriteString("last_updated", Day(provider.Updated));
        if (provider.Deactivated) json.WriteString("deactivation_date", Day(provider.Updated));
        json.WriteString("status", provider.Deactivated ? "D" : "A");
        json.WriteEndObject();
    }

    private static void WriteAddress(Utf8JsonWriter json, NppesPlace place, string purpose)
    {
        json.WriteStartObject();
        json.WriteString("country_code", "US");
        json.WriteString("country_name", "United States");
        json.WriteString("address_purpose", purpose);
        json.WriteString("address_type", "DOM");
        json.WriteString("address_1", place.Line1);
        if (place.Line2 is not null) json.WriteString("address_2", place.Line2);
        json.WriteString("city", place.City);
        json.WriteString("state", place.State);
        json.WriteString("postal_code", place.PostalCode);
        if (place.Phone is not null) json.WriteString("telephone_number", place.Phone);
        if (place.Fax is not null) json.WriteString("fax_number", place.Fax);
        json.WriteEndObject();
    }

    private static void WriteTaxonomy(Utf8JsonWriter json, NppesProvider provider, int place)
    {
        var taxonomy = provider.Taxonomies[place];
        json.WriteStartObject();
        json.WriteString("code", taxonomy.Code);
        json.WriteString("taxonomy_group", "");
        json.WriteString("desc", taxonomy.Description);
        json.WriteString("state", provider.IsPerson ? provider.Practice.State : null);
        json.WriteString("license", provider.IsPerson ? $"{provider.Npi % 1_000_000:000000}" : null);
        json.WriteBoolean("primary", place == provider.PrimaryAt);
        json.WriteEndObject();
    }

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static long Epoch(DateOnly day, NppesScenario form)
    {
        var seconds = new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero).ToUnixTimeSeconds();
        return form.EpochSeconds ? seconds : seconds * 1000;
    }
}
