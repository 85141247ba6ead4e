using System.Text.Json.Nodes;
using OrleansBulk.Providers;
using OrleansBulk.Tests.CodingProfiles.Platforms;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Upstreams;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Providers;

/// <summary>Each quirk of the registry, with recorded bodies where there are some, over real HTTP.</summary>
public sealed class NppesClientTests : IAsyncLifetime
{
    private static readonly RegistryQuery Reproductive = new(1, "207VE0102X", "Reproductive Endocrinology", "PA");
    private static readonly RegistryQuery Vascular = new(1, "2086S0129X", "Vascular Surgery", "GA");
    private static readonly RegistryQuery Nurses = new(1, "363L00000X", "Nurse Practitioner", "IN");

    private readonly ManualTime _time = new();
    private ScriptedUpstream _upstream = null!;
    private UpstreamGates _gates = null!;

    public async Task InitializeAsync()
    {
        _upstream = await ScriptedUpstream.StartAsync();
        _gates = UpstreamTests.Gates(_time, new UpstreamOptions { Name = NppesClient.Upstream, BaseUrl = _upstream.Url, Attempts = 1, BreakerFailures = 1000 });
    }

    public async Task DisposeAsync()
    {
        await _gates.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task Question_SaysAllThatTheRegistryNeeds()
    {
        _upstream.Answers(ScriptedAnswer.File("nppes/empty.json"));

        await FetchAsync(new RegistryQuery(1, "207V00000X", "Obstetrics & Gynecology", "GA", "ST. MARYS", "315", "NPI-1", "O'"), page: 5);

        Assert.Equal(
            "?version=2.1&address_purpose=PRIMARY&taxonomy_description=Obstetrics%20%26%20Gynecology&state=GA&city=ST.%20MARYS&postal_code=315%2A&enumeration_type=NPI-1&last_name=O%27%2A&limit=200&skip=1000",
            Assert.Single(_upstream.Seen).Query);
        Assert.Equal("/api/", _upstream.Seen[0].Path);
    }

    [Fact]
    public async Task RecordedOrganization_IsReadField_ByField()
    {
        _upstream.Answers(ScriptedAnswer.File("nppes/organization.json"));

        var provider = Assert.Single((await PageAsync(Reproductive)).Found);

        Assert.Equal(
            (1174270805, "organization", "PEACH STATE MEDICAL PRACTICE, PC", "active", "8555632639", "207VE0102X"),
            (provider.Npi, provider.Entity, provider.Name, provider.Status, provider.Phone, provider.Taxonomy));
        Assert.Equal(["207VE0102X", "207VG0400X"], provider.Taxonomies);
        Assert.Equal(new ProviderAddress("1414 WALNUT ST", null, "PHILADELPHIA", "PA", "191023824", "US"), provider.Practice);
        Assert.Equal(new ProviderAddress("333 S DESPLAINES ST STE 201", null, "CHICAGO", "IL", "606615514", "US"), provider.Mailing);
        Assert.Equal((new DateOnly(2022, 3, 2), new DateOnly(2024, 5, 20), new DateOnly(2024, 5, 20)), (provider.EnumeratedOn!.Value, provider.LastUpdatedOn!.Value, provider.CertifiedOn!.Value));
        Assert.Equal("KINDBODY OF PA MEDICAL PRACTICE, PC", JsonNode.Parse(provider.Answer!)!["other_names"]![0]!["organization_name"]!.GetValue<string>());
    }

    [Fact]
    public async Task RecordedAnswersOfBefore2021_NumbersAsNumbers_SecondsAndMissingLists_AreRead()
    {
        _upstream.Answers(ScriptedAnswer.File("nppes/organizations-old-format.json"));

        var page = await PageAsync(Vascular);

        Assert.Equal(6, page.Npis.Length);
        Assert.Equal([1417229741, 1598037822], page.Found.Select(provider => provider.Npi));
        Assert.Equal("NORTHEAST ATLANTA VASCULAR CARE, LLC", page.Found[0].OrganizationName);
        Assert.Equal(("2086S0129X", new DateOnly(2012, 2, 1)), (page.Found[0].Taxonomy, page.Found[0].EnumeratedOn ?? default)); // the second one is the primary one
    }

    [Fact]
    public async Task Person_IsRead_WithTheMailingAddressFirst_PlaceholdersAndNulls()
    {
        _upstream.Answers(Page(Person()));

        var provider = Assert.Single((await PageAsync(Nurses)).Found);

        Assert.Equal(("individual", "SAMPLE, JANE J", "NP", "F", "5550100100", "5550100101"), (provider.Entity, provider.Name, provider.Credential, provider.Sex, provider.Phone, provider.Fax));
        Assert.Equal(("468054749", "PO BOX 1", "468451701"), (provider.Practice.PostalCode, provider.Mailing.Line1, provider.Mailing.PostalCode));
        Assert.Equal(["363L00000X", "163WP0807X"], provider.Taxonomies);
    }

    [Theory]
    [InlineData("\"1551740597000\"", "1551740597000")]
    [InlineData("1551740597", "\"1551740597\"")]
    public async Task Epochs_InSecondsOrMilliseconds_AsNumbersOrTexts_AreTheSameDay(string one, string other)
    {
        foreach (var epoch in new[] { one, other })
        {
            _upstream.Answers(Page(Person(row =>
            {
                row["created_epoch"] = JsonNode.Parse(epoch);
                row["basic"]!.AsObject().Remove("enumeration_date");
            })));

            Assert.Equal(new DateOnly(2019, 3, 4), Assert.Single((await PageAsync(Nurses)).Found).EnumeratedOn);
        }
    }

    [Fact]
    public async Task NumbersAndTexts_AreTheSameContent()
    {
        _upstream.Answers(Page(Person()), Page(Person(row =>
        {
            row["number"] = 1234567893;
            row["basic"]!["gender"] = "F";
            row["basic"]!.AsObject().Remove("sex");
            foreach (var empty in new[] { "endpoints", "practiceLocations", "identifiers", "other_names" })
            {
                row.Remove(empty);
            }
        })));

        Assert.Equal((await PageAsync(Nurses)).Found[0].ContentHash, (await PageAsync(Nurses)).Found[0].ContentHash);
    }

    [Fact]
    public async Task NothingFound_IsAnEmptyPage()
    {
        _upstream.Answers(ScriptedAnswer.File("nppes/empty.json"));

        Assert.Empty((await PageAsync(Nurses)).Npis);
    }

    [Theory]
    [InlineData("nppes/error-04.json", "nppes: error 04", "No valid search criteria provided")]
    [InlineData("nppes/error-09.json", "nppes: error 09", "enumeration_type requires additional search criteria")]
    public async Task RecordedErrorsWithHttp200_AreErrors(string file, string cause, string because)
    {
        _upstream.Answers(ScriptedAnswer.File(file));

        var missing = Assert.IsType<CallMissing>(await FetchAsync(Nurses));

        Assert.Equal(cause, missing.Cause);
        Assert.Contains(because, missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DescriptionWithoutATaxonomy_IsToldInWords()
    {
        _upstream.Answers(ScriptedAnswer.Json("""{"Errors":[{"description":"No taxonomy codes found with entered description","field":"taxonomy_description","number":"14"}]}"""));

        Assert.Equal("nppes: description finds no taxonomy", Assert.IsType<CallMissing>(await FetchAsync(Nurses)).Cause);
    }

    [Fact]
    public async Task SearchFindsOtherSpecialtiesToo_OnlyTheCodeCounts()
    {
        var pharmacist = Person(row =>
        {
            row["number"] = "1000000004";
            row["taxonomies"] = JsonNode.Parse("""[{"code":"1835C0206X","desc":"Pharmacist, Nurse Practitioner","primary":true}]""");
        });
        var retired = Person(row =>
        {
            row["number"] = "1000000012";
            row["taxonomies"] = JsonNode.Parse("""[{"code":"390200000X","desc":null,"primary":true,"state":null,"license":null}]""");
        });
        _upstream.Answers(Page(Person(), pharmacist, retired));

        var page = await PageAsync(Nurses);

        Assert.Equal((3, 1234567893), (page.Npis.Length, Assert.Single(page.Found).Npi));
    }

    [Fact]
    public async Task WhoOnlyGetsMailThere_IsNotFound()
    {
        _upstream.Answers(Page(Person(), Person(row =>
        {
            row["number"] = "1000000004";
            row["addresses"]![1]!["state"] = "UT";
        })));

        Assert.Equal(1234567893, Assert.Single((await PageAsync(Nurses)).Found).Npi);
    }

    [Fact]
    public async Task WrongCheckDigit_IsNotTaken()
    {
        _upstream.Answers(Page(Person(), Person(row => row["number"] = "1234567894")));

        var page = await PageAsync(Nurses);

        Assert.Equal((2, 1234567893), (page.Npis.Length, Assert.Single(page.Found).Npi));
    }

    [Fact]
    public async Task TextsThatADatabaseRefuses_AreMadeFit()
    {
        _upstream.Answers(Page(Person(row => row["basic"]!["last_name"] = "NAME")).Replacing("NAME", "A\\u0000B\\ud800C\\\\u0000 \\ud83d\\ude00"));

        var provider = Assert.Single((await PageAsync(Nurses)).Found);

        Assert.Equal("A B\ufffdC\\u0000", provider.LastName![..^3]);
        Assert.Contains("\"AB\\ufffdC\\\\u0000 \\ud83d\\ude00\"", provider.Answer, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Drifts() => new()
    {
        { "number", "ten digits" },
        { "taxonomies", "'taxonomies' is missing" },
        { "addresses", "'addresses' is missing" },
        { "basic", "'basic' is missing" },
        { "enumeration_type", "'enumeration_type' is missing" },
    };

    [Theory]
    [MemberData(nameof(Drifts))]
    public async Task FieldThatWentMissing_IsAnError_NotALessCompleteProvider(string field, string because)
    {
        _upstream.Answers(Page(Person(row => row.Remove(field))));

        var garbled = Assert.IsType<CallGarbled>(await FetchAsync(Nurses));

        Assert.Equal("nppes: answer has changed shape", garbled.Cause);
        Assert.Contains(field == "number" ? "'number' is missing" : because, garbled.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnswersThatCannotBeTrue_AreErrors()
    {
        var one = Person().ToJsonString();
        await GarbledAsync(ScriptedAnswer.Json($$"""{"result_count":2,"results":[{{one}}]}"""), "nppes: result_count does not fit");
        await GarbledAsync(ScriptedAnswer.Json($$"""{"results":[{{one}}]}"""), "nppes: answer has changed shape");
        await GarbledAsync(ScriptedAnswer.Json("""{"result_count":0}"""), "nppes: answer has changed shape");
        await GarbledAsync(ScriptedAnswer.Json("{}"), "nppes: answer has changed shape");
        await GarbledAsync(Page(Person(), Person()), "nppes: repeated rows");
        await GarbledAsync(Page(Person(row => row["number"] = "12345")), "nppes: answer has changed shape");
        await GarbledAsync(Page(Person(row => row["basic"]!["status"] = "Z")), "nppes: answer has changed shape");
        await GarbledAsync(Page(Person(row => row["taxonomies"] = JsonNode.Parse("""[{"code":"207N00000X","desc":"Dermatology","primary":true}]"""))), "nppes: answer to another question");
        await GarbledAsync(Page(Person(row => row["addresses"]![1]!["state"] = "UT")), "nppes: answer to another question");
        await GarbledAsync(ScriptedAnswer.Html("<html><body>We will be back soon</body></html>"), "nppes: no JSON in the answer");
        await GarbledAsync(ScriptedAnswer.Empty(), "nppes: empty answer");
    }

    [Fact]
    public async Task Outages_MayGoWellOnAnotherTry()
    {
        await TroubledAsync(ScriptedAnswer.Html(ScriptedAnswer.NginxPage, 503), "nppes: server error 503");
        await TroubledAsync(ScriptedAnswer.File("nppes/organization.json") with { CutAfter = 700 }, "nppes: answer cut off");
        await TroubledAsync(ScriptedAnswer.Empty() with { Disconnects = true }, "nppes: connection failed");
    }

    [Fact]
    public async Task TooManyCalls_ArePutOff_WithoutAnAttempt()
    {
        _upstream.Answers(ScriptedAnswer.Json("{}", 429).With("Retry-After", "7"));

        var deferred = Assert.IsType<CallDeferred>(await FetchAsync(Nurses));

        Assert.Equal((TimeSpan.FromSeconds(7), 0), (deferred.After, deferred.Attempts));
    }

    private async Task TroubledAsync(ScriptedAnswer answer, string cause)
    {
        _upstream.Answers(answer);
        Assert.Equal(cause, Assert.IsType<CallTroubled>(await FetchAsync(Nurses)).Cause);
    }

    private async Task GarbledAsync(ScriptedAnswer answer, string cause)
    {
        _upstream.Answers(answer);
        Assert.Equal(cause, Assert.IsType<CallGarbled>(await FetchAsync(Nurses)).Cause);
    }

    private async Task<RegistryPage> PageAsync(RegistryQuery query) => Assert.IsType<CallAnswered<RegistryPage>>(await FetchAsync(query)).Value;

    private Task<CallResult> FetchAsync(RegistryQuery query, int page = 0) =>
        new NppesClient(_gates).FetchAsync(query, page, UpstreamTests.Budget(), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));

    private static ScriptedAnswer Page(params JsonObject[] rows) => ScriptedAnswer.Json(new JsonObject { ["result_count"] = rows.Length, ["results"] = new JsonArray([.. rows]) }.ToJsonString());

    /// <summary>The recorded shape of a person, who is made up.</summary>
    private static JsonObject Person(Action<JsonObject>? change = null)
    {
        var row = JsonNode.Parse("""
            {"created_epoch":"1551740597000","last_updated_epoch":"1678376385000","enumeration_type":"NPI-1","number":"1234567893",
             "basic":{"first_name":"JANE","middle_name":"J","last_name":"SAMPLE","credential":"NP","name_prefix":"--","sole_proprietor":"NO","sex":"F","enumeration_date":"2019-03-04","last_updated":"2023-03-09","certification_date":"2023-03-09","status":"A"},
             "addresses":[
              {"country_code":"US","country_name":"United States","address_purpose":"MAILING","address_type":"DOM","address_1":"PO BOX 1","city":"FORT WAYNE","state":"IN","postal_code":"46845-1701"},
              {"country_code":"US","country_name":"United States","address_purpose":"LOCATION","address_type":"DOM","address_1":"100 MAIN ST","address_2":"","city":"FORT WAYNE","state":"IN","postal_code":"468054749","telephone_number":"555-010-0100","fax_number":"(555) 010-0101"}],
             "practiceLocations":[],
             "taxonomies":[{"code":"163WP0807X","taxonomy_group":"","desc":"Registered Nurse, Psych/Mental Health, Child & Adolescent","state":"OH","license":"RN.000001","primary":false},
                           {"code":"363L00000X","taxonomy_group":"","desc":"Nurse Practitioner","state":null,"license":null,"primary":true}],
             "identifiers":[],"endpoints":[],"other_names":[]}
            """)!.AsObject();
        change?.Invoke(row);
        return row;
    }
}

internal static class ScriptedPages
{
    /// <summary>Puts characters into the body that no JSON writer would write.</summary>
    public static ScriptedAnswer Replacing(this ScriptedAnswer answer, string text, string by) =>
        answer with { Body = System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(answer.Body).Replace(text, by, StringComparison.Ordinal)) };
}
