using OrleansBulk.Simulator.Scenarios;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Nppes;

/// <summary>A made-up provider. Which ones there are, and what each is like, follows from the seed.</summary>
internal sealed record NppesProvider
{
    private static readonly string[] Syllables =
        "BA BE BI BO BU CA CE CO DA DE DI DO FA FE GA GE GO HA HE HI HO JA JE JO KA KE KI LA LE LI LO LU MA ME MI MO MU NA NE NI NO PA PE PI PO RA RE RI RO RU SA SE SI SO TA TE TI TO TU VA VE VI WA WE YO ZA ZE".Split(' ');

    private static readonly string[] FirstNames = ["ALEX", "ROBIN", "SAM", "KIM", "JO", "NOOR", "MIKA", "TONI", "LOU", "SASHA", "ARI", "DENIZ"];
    private static readonly string[] Cities = ["FAIRVIEW", "MIDWAY", "OAK GROVE", "SPRINGFIELD", "CENTERVILLE", "LAKESIDE", "RIVERTON", "GREENVILLE", "MAPLE HILL", "NEWTOWN"];
    private static readonly string[] Credentials = ["MD", "M.D.", "DO", "NP", "PA-C"];
    private static readonly string[] Kinds = ["MEDICAL GROUP", "CLINIC, LLC", "HEALTH PARTNERS, PC", "CARE ASSOCIATES", "PRACTICE, INC."];

    public required long Npi { get; init; }

    public bool IsPerson { get; init; }

    /// <summary>The last name, or the organisation's.</summary>
    public required string Name { get; init; }

    public string FirstName { get; init; } = "";

    public string? MiddleName { get; init; }

    public string? Credential { get; init; }

    public string Sex { get; init; } = "";

    public required NppesPlace Practice { get; init; }

    public required NppesPlace Mailing { get; init; }

    public NppesPlace? Secondary { get; init; }

    /// <summary>The primary one stands at <see cref="PrimaryAt"/>.</summary>
    public required IReadOnlyList<NppesTaxonomy> Taxonomies { get; init; }

    public int PrimaryAt { get; init; }

    public DateOnly Enumerated { get; init; }

    public DateOnly Updated { get; init; }

    public bool Deactivated { get; init; }

    /// <summary>Answers have the mailing address first for two of three.</summary>
    public bool MailingFirst { get; init; }

    public static NppesProvider Make(Scenario scenario, int number, string state, IReadOnlyList<NppesTaxonomy> taxonomies)
    {
        var settings = scenario.Nppes;
        var draw = Draw.For(scenario.Seed, "nppes", "provider", number);
        var practice = Place(ref draw, state, settings.PostalCode);
        var isPerson = draw.Chance(0.85);
        var several = draw.Chance(0.25) && taxonomies.Count > 1;
        var first = draw.Int(0, taxonomies.Count - 1);
        var enumerated = new DateOnly(2006, 1, 1).AddDays(draw.Int(0, 6500));
        var changes = Enumerable.Range(1, scenario.Revision).Count(revision => Draw.For(scenario.Seed, "nppes", $"change {revision}", number).Chance(scenario.ChangedPerRevision));
        var npi = NppesNumber.Complete(100_000_000 + (long)number * 7919 % 100_000_000);
        var wrong = settings.WrongCheckDigits > 0 && draw.Chance(settings.WrongCheckDigits);
        return new NppesProvider
        {
            Npi = wrong ? npi - npi % 10 + (npi + 1) % 10 : npi,
            IsPerson = isPerson,
            Name = isPerson ? LastName(ref draw) : $"{LastName(ref draw)} {draw.Pick(Kinds)}",
            FirstName = draw.Pick(FirstNames),
            MiddleName = draw.Chance(0.5) ? draw.Pick(FirstNames)[..1] : null,
            Credential = draw.Chance(0.66) ? draw.Pick(Credentials) : null,
            Sex = draw.Chance(0.5) ? "F" : "M",
            Practice = changes == 0 ? practice : practice with { Phone = $"555-{900 + changes:000}-{number % 10_000:0000}" },
            Mailing = draw.Chance(0.6) ? practice : Place(ref draw, draw.Chance(0.3) ? draw.Pick(NppesStates.All).Code : state, null),
            Secondary = draw.Chance(0.1) ? Place(ref draw, draw.Chance(0.2) ? draw.Pick(NppesStates.All).Code : state, null) : null,
            Taxonomies = several ? [taxonomies[first], taxonomies[(first + draw.Int(1, taxonomies.Count - 1)) % taxonomies.Count]] : [taxonomies[first]],
            PrimaryAt = several ? draw.Int(0, 1) : 0,
            Enumerated = enumerated,
            Updated = enumerated.AddDays(draw.Int(0, 900) + 30 * changes),
            Deactivated = settings.Deactivated > 0 && draw.Chance(settings.Deactivated),
            MailingFirst = draw.Chance(0.66),
        };
    }

    private static string LastName(ref Draw draw)
    {
        var name = draw.Pick(Syllables) + draw.Pick(Syllables) + draw.Pick(Syllables);
        return draw.Int(0, 30) switch { 0 => "O'" + name, 1 => name[..2], 2 => $"{name}-{draw.Pick(Syllables)}", _ => name };
    }

    private static NppesPlace Place(ref Draw draw, string state, string? postalCode)
    {
        var (low, high) = NppesStates.Range(state);
        // Denser where the range begins, as real towns are not spread evenly either.
        var prefix = low + (int)((high - low + 1) * Math.Pow(draw.Unit(), 2));
        var zip = postalCode ?? $"{prefix:000}{(int)(100 * Math.Pow(draw.Unit(), 1.5)):00}";
        return new NppesPlace(
            $"{draw.Int(1, 9999)} MAIN ST", draw.Chance(0.15) ? $"STE {draw.Int(100, 900)}" : null, Cities[(prefix * 7 + zip[4]) % Cities.Length], state,
            zip.Length == 5 && draw.Chance(0.94) ? $"{zip}{draw.Int(1, 9999):0000}" : zip,
            draw.Chance(0.92) ? $"555-010-{draw.Int(0, 9999):0000}" : null, draw.Chance(0.33) ? $"555-011-{draw.Int(0, 9999):0000}" : null);
    }
}
