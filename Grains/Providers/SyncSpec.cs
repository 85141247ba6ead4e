using System.Text.Json;
using OrleansBulk.Jobs;

namespace OrleansBulk.Providers;

/// <summary>
/// What a <c>provider-sync</c> job is to do: <c>{specialties?, states?, cities?, postalCodes?}</c>. Several of one kind mean any of them; kinds together mean both
/// (a city in a state). Without a place the whole United States is meant, without specialties the eight of <see cref="Specialties.Default"/>.
/// </summary>
internal sealed record SyncSpec(IReadOnlyList<Specialty> Specialties, IReadOnlyList<string> States, IReadOnlyList<string> Cities, IReadOnlyList<string> PostalCodes)
{
    public const int MostSpecialties = 100;
    public const int MostQueries = 20_000;

    private const int LongestCity = 60;
    private const int LongestDescription = 200;

    /// <summary>Reads what somebody sent. The problem is a sentence; null when there is none.</summary>
    public static (SyncSpec? Spec, string? Problem) Read(JsonElement spec)
    {
        if (spec.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
        {
            return (new SyncSpec(Providers.Specialties.Default, [], [], []), null);
        }

        if (spec.ValueKind != JsonValueKind.Object)
        {
            return (null, $"spec is {Word(spec)}; a provider-sync needs an object with any of specialties, states, cities and postalCodes; {{}} means the eight default specialties in the United States.");
        }

        foreach (var member in spec.EnumerateObject())
        {
            if (member.Name is not ("specialties" or "states" or "cities" or "postalCodes"))
            {
                return (null, $"spec has '{member.Name}', which says nothing to a sync. Known are specialties, states, cities and postalCodes; an unknown one would silently mean more providers than you want.");
            }

            if (member.Value.ValueKind is not (JsonValueKind.Array or JsonValueKind.Null))
            {
                return (null, $"spec.{member.Name} is {Word(member.Value)}; it must be a list.");
            }
        }

        var (specialties, wrongSpecialty) = ReadSpecialties(spec);
        var (states, wrongState) = ReadTexts(spec, "states", State, "two letters of a state or territory of the United States, such as GA");
        var (cities, wrongCity) = ReadTexts(spec, "cities", City, $"a city's name of 2 to {LongestCity} characters, without * and control characters");
        var (postalCodes, wrongCode) = ReadTexts(spec, "postalCodes", PostalCode, "a ZIP code of 5 or 9 digits, or the first 2 to 4 digits of one");
        if ((wrongSpecialty ?? wrongState ?? wrongCity ?? wrongCode) is { } problem)
        {
            return (null, problem);
        }

        var read = new SyncSpec(specialties!, states!, cities!, postalCodes!);
        return read.Count > MostQueries
            ? (null, $"spec asks {read.Count:N0} questions: specialties times states times cities times postalCodes. At most {MostQueries:N0} go into one sync; ask for fewer, or name states instead of cities.")
            : (read, null);
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static SyncSpec Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        return new SyncSpec(
            [.. root.GetProperty("specialties").EnumerateArray().Select(stored => new Specialty(stored.GetProperty("code").GetString()!, stored.GetProperty("description").GetString()!, stored.GetProperty("name").GetString()!))],
            Texts("states"), Texts("cities"), Texts("postalCodes"));

        string[] Texts(string name) => [.. root.GetProperty(name).EnumerateArray().Select(text => text.GetString()!)];
    }

    public string ToJson() => JsonSerializer.Serialize(new
    {
        specialties = Specialties.Select(specialty => new { code = specialty.Code, description = specialty.Description, name = specialty.Name }),
        states = States,
        cities = Cities,
        postalCodes = PostalCodes,
    });

    /// <summary>How many queries it begins with; each may be split.</summary>
    public long Count => (long)Specialties.Count * Math.Max(1, States.Count) * Math.Max(1, Cities.Count) * Math.Max(1, PostalCodes.Count);

    /// <summary>The queries it begins with, specialty by specialty.</summary>
    public IEnumerable<RegistryQuery> Queries() =>
        from specialty in Specialties.Index()
        from state in OrNone(States)
        from city in OrNone(Cities)
        from postalCode in OrNone(PostalCodes)
        select new RegistryQuery(specialty.Index + 1, specialty.Item.Code, specialty.Item.Description, state, city, postalCode);

    private static IReadOnlyList<string?> OrNone(IReadOnlyList<string?> texts) => texts.Count == 0 ? [null] : texts;

    private static (IReadOnlyList<Specialty>? Specialties, string? Problem) ReadSpecialties(JsonElement spec)
    {
        if (!spec.TryGetProperty("specialties", out var sent) || sent.ValueKind == JsonValueKind.Null || sent.GetArrayLength() == 0)
        {
            return (Providers.Specialties.Default, null);
        }

        if (sent.GetArrayLength() > MostSpecialties)
        {
            return (null, $"spec.specialties has {sent.GetArrayLength():N0} entries; at most {MostSpecialties} go into one sync.");
        }

        var read = new List<Specialty>();
        foreach (var (place, entry) in sent.EnumerateArray().Index())
        {
            var (specialty, problem) = ReadSpecialty(entry, $"spec.specialties[{place}]");
            if (problem is not null)
            {
                return (null, problem);
            }

            if (!read.Exists(known => specialty!.Code.Length > 0 ? known.Code == specialty.Code : known.Description.Equals(specialty.Description, StringComparison.OrdinalIgnoreCase)))
            {
                read.Add(specialty!);
            }
        }

        return (read, null);
    }

    private static (Specialty? Specialty, string? Problem) ReadSpecialty(JsonElement entry, string where)
    {
        switch (entry.ValueKind)
        {
            case JsonValueKind.String:
                var text = entry.GetString()!.Trim();
                return Providers.Specialties.Find(text) is { } known ? (known, null)
                    : Specialty.IsCode(text.ToUpperInvariant()) ? (new Specialty(text.ToUpperInvariant(), "", text.ToUpperInvariant()), null)
                    : IsDescription(text) ? (new Specialty("", text, text), null)
                    : (null, $"{where} is {Word(entry)}; it must be a taxonomy code such as 207RG0100X, or a description of 3 to {LongestDescription} characters without *: the specialization alone, or the classification alone where there is none.");
            case JsonValueKind.Object:
                var code = Text(entry, "code")?.ToUpperInvariant();
                var description = Text(entry, "description");
                if (code is null || !Specialty.IsCode(code))
                {
                    return (null, $"{where}.code is '{code}'; a taxonomy code is three digits, six letters or digits and an X, such as 207R00000X.");
                }

                return !IsDescription(description)
                    ? (null, $"{where}.description must have 3 to {LongestDescription} characters without *: the specialization alone, or the classification alone where there is none.")
                    : (new Specialty(code, description!, description!), null);
            default:
                return (null, $"{where} is {Word(entry)}; it must be a taxonomy code or a description as a text, or an object with both.");
        }
    }

    private static bool IsDescription(string? text) => text is { Length: >= 3 and <= LongestDescription } && !text.Contains('*', StringComparison.Ordinal) && !text.Any(char.IsControl);

    private static (IReadOnlyList<string>? Texts, string? Problem) ReadTexts(JsonElement spec, string name, Func<string, string?> read, string wanted)
    {
        if (!spec.TryGetProperty(name, out var sent) || sent.ValueKind == JsonValueKind.Null)
        {
            return ([], null);
        }

        var texts = new List<string>();
        foreach (var (place, entry) in sent.EnumerateArray().Index())
        {
            if (entry.ValueKind != JsonValueKind.String || read(entry.GetString()!.Trim()) is not { } text)
            {
                return (null, $"spec.{name}[{place}] is {Word(entry)}; wanted is {wanted}.");
            }

            texts.Add(text);
        }

        // ZIP codes that another one covers would only be asked for twice.
        return (texts.Distinct(StringComparer.OrdinalIgnoreCase).Where(text => name != "postalCodes" || !texts.Exists(other => other.Length < text.Length && text.StartsWith(other, StringComparison.Ordinal))).ToList(), null);
    }

    private static string? State(string text) => Places.IsState(text.ToUpperInvariant()) ? text.ToUpperInvariant() : null;

    private static string? City(string text) => text.Length is >= 2 and <= LongestCity && !text.Contains('*', StringComparison.Ordinal) && !text.Any(char.IsControl) ? text.ToUpperInvariant() : null;

    private static string? PostalCode(string text)
    {
        var digits = text.TrimEnd('*').Replace("-", "", StringComparison.Ordinal);
        return digits.Length is >= 2 and <= 5 or 9 && digits.All(char.IsAsciiDigit) && (digits.Length < 5 || !text.EndsWith('*')) ? digits : null;
    }

    private static string? Text(JsonElement parent, string name) => parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()!.Trim() : null;

    private static string Word(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "null",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String when value.GetString() is { Length: <= 60 } text => $"'{text}'",
        JsonValueKind.String => "a long text",
        _ => value.GetRawText() is { Length: <= 60 } raw ? raw : "a long number",
    };
}
