using OrleansBulk.Providers;

namespace OrleansBulk.Tests.Providers;

/// <summary>How queries are split: what a query covers, its parts cover together.</summary>
public sealed class RegistryQueryTests
{
    private static readonly RegistryQuery State = new(1, "207R00000X", "Internal Medicine", "GA");

    [Fact]
    public void State_IsSplitByAllTwoDigitPrefixes_SinceAnAddressMayHaveAForeignZipCode()
    {
        var parts = State.Split();

        Assert.Equal(100, parts.Count);
        Assert.Equal(100, parts.Select(part => part.Key).Distinct().Count());
        Assert.All(parts, part => Assert.Equal(("GA", 2), (part.State, part.PostalCode!.Length)));
    }

    [Theory]
    [InlineData("30")]
    [InlineData("303")]
    [InlineData("3030")]
    public void Prefix_IsSplitByTheNextDigit(string prefix)
    {
        var parts = (State with { PostalCode = prefix }).Split();

        Assert.Equal(Enumerable.Range(0, 10).Select(digit => $"{prefix}{digit}"), parts.Select(part => part.PostalCode));
    }

    [Theory]
    [InlineData("SMITH")]
    [InlineData("O'BRIEN")]
    [InlineData("DE LA CRUZ")]
    [InlineData("LI")]
    [InlineData("U")]
    [InlineData("ST. JOHN")]
    [InlineData("ANDERSON-WELLS")]
    [InlineData("SMITH, JR")]
    [InlineData("SMITH (JONES)")]
    [InlineData("A/B: C;#")]
    public void ZipCode_IsSplitIntoIndividualsAndOrganisations_AndThenByName_SoThatEachNameIsInOnePart(string name)
    {
        var individuals = (State with { PostalCode = "30303" }).Split()[0];
        Assert.Equal("NPI-1", individuals.Entity);

        var query = individuals;
        while (true)
        {
            var meant = query.Split().Where(part => part.WholeName ? part.Name == name : name.StartsWith(part.Name!, StringComparison.Ordinal)).ToList();
            if (query.Split().Count == 0)
            {
                break;
            }

            // A name that ends where its part's beginning does is in that part as the whole of it.
            query = Assert.Single(meant, part => part.WholeName || !meant.Exists(other => other.WholeName));
        }

        Assert.True(query.WholeName ? query.Name == name : name.StartsWith(query.Name!, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("207R00000X", "207R00000X", "whatever", true)]
    [InlineData("207R00000X", "207RG0100X", "Internal Medicine", false)]
    [InlineData("", "207R00000X", "internal medicine", true)]
    [InlineData("", "208M00000X", "Hospitalist, Internal Medicine", true)]
    [InlineData("", "207RG0100X", "Internal Medicine, Gastroenterology", false)]
    [InlineData("", "207R00000X", null, false)]
    public void ASpecialty_IsMeantByItsCode_OrWithoutOneByItsDescription(string asked, string code, string? description, bool meant) =>
        Assert.Equal(meant, (State with { Code = asked }).Means(code, description));

    [Fact]
    public void Labels_AreForPeople()
    {
        Assert.Equal("United States", (State with { State = null }).Label);
        Assert.Equal("GA", State.Label);
        Assert.Equal("ATLANTA, GA, ZIP 303*", (State with { City = "ATLANTA", PostalCode = "303" }).Label);
        Assert.Equal("ZIP 30303, individuals named SM*", (State with { State = null, PostalCode = "30303", Entity = "NPI-1", Name = "SM" }).Label);
        Assert.Equal("GA, ZIP 30303, organisations named AB", (State with { PostalCode = "30303", Entity = "NPI-2", Name = "AB", WholeName = true }).Label);
    }

    [Fact]
    public void SearchWithoutAPlace_IsNarrowedToTheUnitedStates()
    {
        Assert.Contains("&country_code=US&", (State with { State = null }).Address(0), StringComparison.Ordinal);
        Assert.DoesNotContain("country_code", State.Address(0), StringComparison.Ordinal);
    }
}
