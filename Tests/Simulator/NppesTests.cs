using System.Text.Json;
using OrleansBulk.Providers;

namespace OrleansBulk.Tests.Simulator;

/// <summary>The simulated registry speaks as the real one does, its quirks included.</summary>
public sealed class NppesTests
{
    private const string Some = """{"nppes": {"providers": 500, "states": {"GA": 700}}}""";

    [Theory]
    [InlineData("", "04")]
    [InlineData("&state=GA", "07")]
    [InlineData("&enumeration_type=NPI-1", "09")]
    [InlineData("&enumeration_type=NPI-1&state=GA", "07")]
    [InlineData("&enumeration_type=NPI-3&city=X", "05")]
    [InlineData("&last_name=A*", "03")]
    [InlineData("&last_name=A$B", "05")]
    [InlineData("&postal_code=3*", "05")]
    [InlineData("&postal_code=303", "05")]
    [InlineData("&number=123", "06")]
    [InlineData("&taxonomy_description=Obstetrics%20%26%20Gynecology,%20Gynecology", "14")]
    public async Task WrongQuestions_AreErrorsWithHttp200(string question, string number)
    {
        await using var stage = await Stage.StartAsync(Some);

        var answer = await stage.GetAsync($"/nppes/api/?version=2.1{question}");

        Assert.Equal(200, answer.Status);
        Assert.False(answer.Json.TryGetProperty("result_count", out _));
        Assert.Equal(number, answer.Json.GetProperty("Errors")[0].GetProperty("number").GetString());
    }

    [Fact]
    public async Task OldVersions_AreRefused()
    {
        await using var stage = await Stage.StartAsync(Some);

        Assert.Equal("17", (await stage.GetAsync("/nppes/api/?version=2.0&city=FAIRVIEW")).Json.GetProperty("Errors")[0].GetProperty("number").GetString());
    }

    [Fact]
    public async Task LimitAndSkip_AreSilentlyLowered_AndResultCountIsThePage()
    {
        await using var stage = await Stage.StartAsync("""{"nppes": {"providers": 0, "recorded": false, "states": {"GA": 1500}, "taxonomies": ["207R00000X"]}}""");

        Assert.Equal(10, (await SearchAsync(stage, "")).Length);
        Assert.Equal(200, (await SearchAsync(stage, "&limit=5000")).Length);
        var last = await SearchAsync(stage, "&limit=200&skip=1000");
        Assert.Equal(last, await SearchAsync(stage, "&limit=200&skip=1200"));
        Assert.Equal(1200, (await Task.WhenAll(Enumerable.Range(0, 6).Select(page => SearchAsync(stage, $"&limit=200&skip={page * 200}")))).SelectMany(page => page).Distinct().Count());
    }

    [Fact]
    public async Task Description_FindsSubspecialtiesToo_AndProvidersWhoHaveItNotAsPrimary()
    {
        await using var stage = await Stage.StartAsync(Some);

        var rows = (await stage.GetAsync("/nppes/api/?version=2.1&taxonomy_description=internal%20medicine&limit=200")).Json.GetProperty("results").EnumerateArray().ToList();

        Assert.Contains(rows, row => Codes(row).Contains("207RC0000X"));
        Assert.Contains(rows, row => row.GetProperty("taxonomies").EnumerateArray().First(taxonomy => taxonomy.GetProperty("primary").GetBoolean()).GetProperty("code").GetString()![..4] != "207R");
        Assert.All(rows, row => Assert.Equal(1, row.GetProperty("taxonomies").EnumerateArray().Count(taxonomy => taxonomy.GetProperty("primary").GetBoolean())));

        static IEnumerable<string?> Codes(JsonElement row) => row.GetProperty("taxonomies").EnumerateArray().Select(taxonomy => taxonomy.GetProperty("code").GetString());
    }

    [Fact]
    public async Task WithoutAPurpose_MailingAddressesMatchToo()
    {
        await using var stage = await Stage.StartAsync("""{"nppes": {"providers": 2000}}""");

        var any = await LocationsAsync("");
        Assert.Contains(any, state => state != "GA");
        Assert.All(await LocationsAsync("&address_purpose=PRIMARY"), state => Assert.Equal("GA", state));
        Assert.Contains(await LocationsAsync("&address_purpose=MAILING"), state => state != "GA");

        async Task<List<string?>> LocationsAsync(string purpose) =>
            [.. (await stage.GetAsync($"/nppes/api/?version=2.1&taxonomy_description=medicine&state=GA&limit=200{purpose}")).Json.GetProperty("results").EnumerateArray()
                .Select(row => row.GetProperty("addresses").EnumerateArray().First(address => address.GetProperty("address_purpose").GetString() == "LOCATION").GetProperty("state").GetString())];
    }

    [Fact]
    public async Task RecordedOrganisations_AreAnsweredAsTheyWereRecorded()
    {
        await using var stage = await Stage.StartAsync(Some);

        var today = (await stage.GetAsync("/nppes/api/?version=2.1&number=1174270805")).Json.GetProperty("results")[0];
        var old = (await stage.GetAsync("/nppes/api/?version=2.1&number=1568946812")).Json.GetProperty("results")[0];

        Assert.Equal("1646266470000", today.GetProperty("created_epoch").GetString());
        Assert.Equal(1537574400, old.GetProperty("created_epoch").GetInt64());
        Assert.False(old.TryGetProperty("endpoints", out _));
        Assert.Equal(0, (await stage.GetAsync("/nppes/api/?version=2.1&number=1234567890")).Json.GetProperty("result_count").GetInt32());
    }

    [Fact]
    public async Task MadeUpProviders_FollowFromTheSeed_AndHaveRightCheckDigits()
    {
        await using var one = await Stage.StartAsync(Some);
        await using var other = await Stage.StartAsync(Some);

        var rows = await SearchAsync(one, "&limit=200");

        Assert.Equal(rows, await SearchAsync(other, "&limit=200"));
        Assert.All(rows, npi => Assert.True(NpiNumber.IsValid(long.Parse(npi!))));
        other.Simulator.Change("""{"seed": 2}""");
        Assert.NotEqual(rows, await SearchAsync(other, "&limit=200"));
    }

    private static async Task<string?[]> SearchAsync(Stage stage, string question)
    {
        var json = (await stage.GetAsync($"/nppes/api/?version=2.1&taxonomy_description=Internal%20Medicine&address_purpose=PRIMARY&state=GA{question}")).Json;
        var npis = json.GetProperty("results").EnumerateArray().Select(row => row.GetProperty("number").GetString()).ToArray();
        Assert.Equal(npis.Length, json.GetProperty("result_count").GetInt32());
        return npis;
    }
}
