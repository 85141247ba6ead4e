namespace OrleansBulk.Simulator.Worlds;

/// <summary>A made-up person behind a handle; any of the members may be unset, as in real profiles.</summary>
public sealed record Person(string? FirstName, string? LastName, string? Country, string? City, string? Organization)
{
    private static readonly string[] FirstNames = ["Alex", "Robin", "Sam", "Kim", "Jo", "Noor", "Mika", "Toni", "Lou", "Sasha", "Ari", "Deniz"];
    private static readonly string[] LastNames = ["Sample", "Placeholder", "Fixture", "Mockton", "Dummy", "Exemplar", "Stubbs", "Testerson", "Specimen", "Demoway"];
    private static readonly (string Country, string City)[] Places =
        [("Norway", "Bergen"), ("India", "Pune"), ("Japan", "Osaka"), ("Brazil", "Recife"), ("Kenya", "Nairobi"), ("Poland", "Gdansk"), ("Canada", "Halifax"), ("Vietnam", "Hue")];
    private static readonly string[] Organizations = ["Example University", "Sample Institute of Technology", "Placeholder College", "Fixture Academy"];

    public string? FullName => FirstName is null ? LastName : LastName is null ? FirstName : $"{FirstName} {LastName}";

    internal static Person From(ref Draw draw)
    {
        var (country, city) = draw.Pick(Places);
        return new Person(
            draw.Chance(0.8) ? draw.Pick(FirstNames) : null,
            draw.Chance(0.8) ? draw.Pick(LastNames) : null,
            draw.Chance(0.7) ? country : null,
            draw.Chance(0.5) ? city : null,
            draw.Chance(0.5) ? draw.Pick(Organizations) : null);
    }
}
