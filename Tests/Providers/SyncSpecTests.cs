using System.Text.Json;
using OrleansBulk.Providers;

namespace OrleansBulk.Tests.Providers;

public sealed class SyncSpecTests
{
    [Fact]
    public void Nothing_MeansTheEightSpecialtiesInTheUnitedStates()
    {
        var spec = Read("{}");

        Assert.Equal(["207R00000X", "207Q00000X", "208000000X", "207RC0000X", "207N00000X", "2084P0800X", "207X00000X", "207V00000X"], spec.Specialties.Select(specialty => specialty.Code));
        Assert.Equal("Psychiatry", spec.Specialties[5].Description);
        Assert.Equal(8, spec.Queries().Count());
    }

    [Theory]
    [InlineData("\"207RC0000X\"")]
    [InlineData("\"207rc0000x\"")]
    [InlineData("\"cardiovascular disease\"")]
    [InlineData("\"Internal Medicine, Cardiovascular Disease\"")]
    [InlineData("""{"code": "207RC0000X", "description": "Cardiovascular Disease"}""")]
    public void Specialty_ByCode_ByDescription_OrByBoth(string entry)
    {
        var specialty = Assert.Single(Read($$"""{"specialties": [{{entry}}, {{entry}}]}""").Specialties);

        Assert.Equal(("207RC0000X", "Cardiovascular Disease"), (specialty.Code, specialty.Description));
    }

    [Fact]
    public void FurtherSpecialties_ByCodeAlone_OrDescriptionAlone()
    {
        var specialties = Read("""{"specialties": ["207nd0101x", "Hepatology", "hepatology"]}""").Specialties;

        Assert.Equal([("207ND0101X", ""), ("", "Hepatology")], specialties.Select(specialty => (specialty.Code, specialty.Description)));
        Assert.Equal(new Specialty("207ND0101X", "Gastroenterology", "Internal Medicine, Gastroenterology"), specialties[0].Learn("Internal Medicine, Gastroenterology"));
        Assert.Equal("Dermatology", specialties[0].Learn("Dermatology").Description);
    }

    [Fact]
    public void KindsOfPlaces_AreCombined_AndNamedTwiceIsAskedOnce()
    {
        var spec = Read("""{"specialties": ["Dermatology", "Pediatrics"], "states": ["ga", "GA", "FL"], "cities": ["Springfield"], "postalCodes": ["303*", "30303", "33101-1234"]}""");

        Assert.Equal(["303", "331011234"], spec.PostalCodes);
        Assert.Equal(8, spec.Queries().Count());
        Assert.Equal(spec.ToJson(), SyncSpec.Parse(spec.ToJson()).ToJson());
    }

    [Theory]
    [InlineData("""{"states": "GA"}""", "must be a list")]
    [InlineData("""{"states": [7]}""", "spec.states[0] is 7")]
    [InlineData("""{"states": ["ZZ"]}""", "two letters of a state")]
    [InlineData("""{"cities": ["A*"]}""", "spec.cities[0]")]
    [InlineData("""{"postalCodes": ["30303*"]}""", "spec.postalCodes[0]")]
    [InlineData("""{"postalCodes": ["abcde"]}""", "spec.postalCodes[0]")]
    [InlineData("""{"specialties": ["Cardi*"]}""", "without *")]
    [InlineData("""{"specialties": ["Ca"]}""", "of 3 to 200 characters")]
    [InlineData("""{"specialties": [{"code": "12", "description": "Something"}]}""", "three digits, six letters or digits and an X")]
    [InlineData("""{"specialties": [{"code": "207RX9999X", "description": "*"}]}""", "without *")]
    [InlineData("""{"specialties": [7]}""", "must be a taxonomy code or a description")]
    [InlineData("""{"limit": 5}""", "'limit', which says nothing to a sync")]
    [InlineData("7", "needs an object")]
    public void WhatIsWrong_IsSaid(string json, string because)
    {
        var (spec, problem) = SyncSpec.Read(JsonDocument.Parse(json).RootElement);

        Assert.Null(spec);
        Assert.Contains(because, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void TooManyQuestions_AreRefused()
    {
        var cities = string.Join(",", Enumerable.Range(0, 3000).Select(number => $"\"CITY {number}\""));

        Assert.Contains("24,000 questions", SyncSpec.Read(JsonDocument.Parse($$"""{"cities": [{{cities}}]}""").RootElement).Problem, StringComparison.Ordinal);
    }

    private static SyncSpec Read(string json)
    {
        var (spec, problem) = SyncSpec.Read(JsonDocument.Parse(json).RootElement);
        Assert.Null(problem);
        return spec!;
    }
}
