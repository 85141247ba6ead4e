using System.Globalization;
using OrleansBulk.Providers;
using OrleansBulk.Providers.Files;

namespace OrleansBulk.Benchmarks.Support;

/// <summary>NPPES files of any size with made-up providers: as many values in a line, and as long, as the published ones have.</summary>
internal static class GeneratedNppes
{
    private static readonly string[] States = ["CA", "NY", "TX", "FL", "PA", "OH", "IL", "MI", "NC", "GA", "NJ", "MA", "WA", "AZ", "TN", "IN", "MO", "WI", "MN", "CO", "AL", "KY", "NV", "WY"];
    private static readonly string[] Cities = ["SPRINGFIELD", "FRANKLIN", "CLINTON", "GREENVILLE", "BRISTOL", "FAIRVIEW", "SALEM", "MADISON", "GEORGETOWN", "ARLINGTON", "ASHLAND", "DOVER"];
    private static readonly string[] Given = ["ANNA", "BERTA", "CLARA", "DORA", "EMIL", "FELIX", "GRETA", "HUGO", "IDA", "JONAS", "KARLA", "LEO"];
    private static readonly string[] Codes = [.. Specialties.Default.Select(specialty => specialty.Code)];

    /// <summary>The 330 names of 2025.</summary>
    public static IReadOnlyList<string> Header { get; } = MakeHeader();

    /// <summary>The same for the same number of rows.</summary>
    public static async Task WriteAsync(string path, int rows)
    {
        var place = Header.Select((name, column) => (name, column)).ToDictionary(pair => pair.name, pair => pair.column);
        await using var file = new StreamWriter(path, append: false, new System.Text.UTF8Encoding(false), 1024 * 1024) { NewLine = "\n" };
        await file.WriteLineAsync(string.Join(',', Header.Select(name => $"\"{name}\"")));
        var (line, random) = (new string[Header.Count], new Random(7));
        for (var row = 0; row < rows; row++)
        {
            Array.Fill(line, "\"\"");
            Fill(row, random, (name, value) => line[place[name]] = $"\"{value}\"");
            await file.WriteLineAsync(string.Join(',', line));
        }
    }

    private static void Fill(int row, Random random, Action<string, string> set)
    {
        var person = row % 5 != 0;
        set("NPI", NpiNumber.Complete(100_000_000 + row).ToString(CultureInfo.InvariantCulture));
        set("Entity Type Code", person ? "1" : "2");
        if (person)
        {
            set("Provider Last Name (Legal Name)", $"SAMPLE{random.Next(40_000)}");
            set("Provider First Name", Given[random.Next(Given.Length)]);
            set("Provider Middle Name", random.Next(2) == 0 ? "" : Given[random.Next(Given.Length)]);
            set("Provider Name Prefix Text", "DR.");
            set("Provider Credential Text", "M.D.");
            set("Provider Sex Code", random.Next(2) == 0 ? "F" : "M");
            set("Is Sole Proprietor", "N");
        }
        else
        {
            set("Employer Identification Number (EIN)", "<UNAVAIL>");
            set("Provider Organization Name (Legal Business Name)", $"{Cities[random.Next(Cities.Length)]} MEDICAL GROUP {random.Next(100_000)} LLC");
            set("Is Organization Subpart", "N");
            set("Authorized Official Last Name", "SAMPLE");
            set("Authorized Official First Name", Given[random.Next(Given.Length)]);
            set("Authorized Official Title or Position", "OFFICE MANAGER");
            set("Authorized Official Telephone Number", "5550100100");
        }

        var (state, city, zip) = (States[(int)(random.NextDouble() * random.NextDouble() * States.Length)], Cities[random.Next(Cities.Length)], random.Next(100_000_000, 999_999_999).ToString(CultureInfo.InvariantCulture));
        foreach (var kind in new[] { "Mailing Address", "Practice Location Address" })
        {
            set($"Provider First Line Business {kind}", $"{random.Next(1, 9999)} {Cities[random.Next(Cities.Length)]} AVENUE");
            set($"Provider Second Line Business {kind}", random.Next(4) == 0 ? $"SUITE {random.Next(1, 900)}" : "");
            set($"Provider Business {kind} City Name", city);
            set($"Provider Business {kind} State Name", state);
            set($"Provider Business {kind} Postal Code", zip);
            set($"Provider Business {kind} Country Code (If outside U.S.)", "US");
            set($"Provider Business {kind} Telephone Number", "5550100" + random.Next(100, 999));
            set($"Provider Business {kind} Fax Number", random.Next(3) == 0 ? "5550100199" : "");
        }

        set("Provider Enumeration Date", "05/23/2006");
        set("Last Update Date", "07/08/2020");
        set("Certification Date", random.Next(2) == 0 ? "07/08/2020" : "");
        for (var slot = 1; slot <= 1 + random.Next(3); slot++)
        {
            set($"Healthcare Provider Taxonomy Code_{slot}", Codes[random.Next(Codes.Length)]);
            set($"Provider License Number_{slot}", random.Next(100_000, 999_999).ToString(CultureInfo.InvariantCulture));
            set($"Provider License Number State Code_{slot}", state);
            set($"Healthcare Provider Primary Taxonomy Switch_{slot}", slot == 1 ? "Y" : "N");
        }

        for (var slot = 1; slot <= random.Next(3); slot++)
        {
            set($"Other Provider Identifier_{slot}", random.Next(100_000, 999_999).ToString(CultureInfo.InvariantCulture));
            set($"Other Provider Identifier Type Code_{slot}", "05");
            set($"Other Provider Identifier State_{slot}", state);
        }
    }

    private static IReadOnlyList<string> MakeHeader()
    {
        var front = NppesColumns.Wanted.Select(names => names[0]).Where(name => !name.StartsWith("Healthcare", StringComparison.Ordinal) && !name.Contains("License", StringComparison.Ordinal) && name is not ("Certification Date" or "Is Sole Proprietor" or "Is Organization Subpart"));
        var others = new[] { "Employer Identification Number (EIN)", "Provider Other Organization Name", "Provider Other Organization Name Type Code", "Provider Other Last Name", "Provider Other First Name", "Provider Other Middle Name", "Provider Other Name Prefix Text", "Provider Other Name Suffix Text", "Provider Other Credential Text", "Provider Other Last Name Type Code" };
        var slots = Enumerable.Range(1, 15).SelectMany(slot => new[] { $"Healthcare Provider Taxonomy Code_{slot}", $"Provider License Number_{slot}", $"Provider License Number State Code_{slot}", $"Healthcare Provider Primary Taxonomy Switch_{slot}" });
        var identifiers = Enumerable.Range(1, 50).SelectMany(slot => new[] { $"Other Provider Identifier_{slot}", $"Other Provider Identifier Type Code_{slot}", $"Other Provider Identifier State_{slot}", $"Other Provider Identifier Issuer_{slot}" });
        var groups = Enumerable.Range(1, 15).Select(slot => $"Healthcare Provider Taxonomy Group_{slot}");
        return [.. front, .. others, .. slots, .. identifiers, "Is Sole Proprietor", "Is Organization Subpart", "Parent Organization LBN", "Parent Organization TIN", .. groups, "Certification Date"];
    }
}
