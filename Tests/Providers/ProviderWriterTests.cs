using OrleansBulk.Providers;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Providers;

public sealed class ProviderWriterTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private PostgresDatabase _postgres = null!;

    public async Task InitializeAsync() => _postgres = await PostgresDatabase.CreateAsync();

    public Task DisposeAsync() => _postgres.DisposeAsync();

    [Fact]
    public async Task Counts_TellCreatedUpdatedAndUnchangedApart()
    {
        Assert.Equal(new ProviderCounts(3, 0, 0), await WriteAsync(Noon, Person(1), Person(2), Person(3)));

        Assert.Equal(new ProviderCounts(1, 1, 2), await WriteAsync(Noon.AddHours(1), Person(4), Person(3) with { Practice = ProviderAddress.None with { City = "MACON" } }, Person(2), Person(1)));

        Assert.Equal("MACON", await _postgres.QueryAsync<string>("SELECT city FROM providers WHERE npi = $1", Npi(3)));
        Assert.Equal(2, await _postgres.QueryAsync<long>("SELECT count(*) FROM providers WHERE updated_at = $1", Noon.AddHours(1)));
        Assert.Equal(3, await _postgres.QueryAsync<long>("SELECT count(*) FROM providers WHERE created_at = $1", Noon));
    }

    [Fact]
    public async Task EveryColumn_IsWhatTheRecordSays()
    {
        await WriteAsync(Noon, Person(1));

        Assert.Equal(
            "individual|DOE 1, JANE Q|DOE 1|JANE|Q|MD|F|5550100100|5550100101|1 MAIN ST|STE 2|ATLANTA|GA|303010001|US|PO BOX 3|ATHENS|GA|30601|US|207Q00000X|{207Q00000X,207R00000X}|2019-03-04|2023-03-09|2023-03-08|active|{\"a\": 1}|api",
            await _postgres.QueryAsync<string>("""
                SELECT concat_ws('|', entity, name, last_name, first_name, middle_name, credential, sex, phone, fax, address_1, address_2, city, state, postal_code, country,
                    mailing_address_1, mailing_address_2, mailing_city, mailing_state, mailing_postal_code, mailing_country, taxonomy, taxonomies,
                    enumerated_on, last_updated_on, certified_on, deactivated_on, reactivated_on, status, answer, source) FROM providers
                """));
    }

    [Fact]
    public async Task AStateOlderThanTheStoredOne_ChangesNothing()
    {
        await WriteAsync(Noon, Person(1));

        var counts = await WriteAsync(Noon.AddHours(1), Person(1) with { Practice = ProviderAddress.None with { City = "OLD TOWN" }, LastUpdatedOn = new DateOnly(2020, 1, 1) });

        Assert.Equal(new ProviderCounts(0, 0, 1), counts);
        Assert.Equal("ATLANTA", await _postgres.QueryAsync<string>("SELECT city FROM providers"));
    }

    [Fact]
    public async Task TheSameFactsWithoutAnAnswer_ChangeNothing_AndKeepTheAnswer()
    {
        await WriteAsync(Noon, Person(1));

        Assert.Equal(new ProviderCounts(0, 0, 1), await WriteAsync(Noon.AddHours(1), Person(1) with { Answer = null }));

        Assert.Equal("{\"a\": 1}", await _postgres.QueryAsync<string>("SELECT answer::text FROM providers"));
    }

    [Fact]
    public async Task AnAnswerToWhatAFileBrought_IsKept_WithoutCountingAsAChange()
    {
        await WriteAsync(Noon, Person(1) with { Answer = null });

        Assert.Equal(new ProviderCounts(0, 0, 1), await WriteAsync(Noon.AddHours(1), Person(1)));

        Assert.Equal("{\"a\": 1}", await _postgres.QueryAsync<string>("SELECT answer::text FROM providers"));
    }

    [Fact]
    public async Task AMark_DeactivatesAndWipesOutNothing_AndTheProviderMayComeBack()
    {
        await WriteAsync(Noon, Person(1));
        var mark = new ProviderRecord { Npi = Npi(1), Entity = null, Deactivated = true, DeactivatedOn = new DateOnly(2026, 4, 1) };

        Assert.Equal(new ProviderCounts(1, 1, 0), await WriteAsync(Noon.AddHours(1), mark, mark with { Npi = Npi(2) }));
        Assert.Equal(new ProviderCounts(0, 0, 2), await WriteAsync(Noon.AddHours(2), mark, mark with { Npi = Npi(2) }));
        Assert.Equal("deactivated|DOE 1, JANE Q|2026-04-01", await _postgres.QueryAsync<string>("SELECT concat_ws('|', status, name, deactivated_on) FROM providers WHERE npi = $1", Npi(1)));

        Assert.Equal(new ProviderCounts(0, 1, 0), await WriteAsync(Noon.AddHours(3), Person(1) with { DeactivatedOn = mark.DeactivatedOn, ReactivatedOn = new DateOnly(2026, 4, 20) }));
        Assert.Equal("active", await _postgres.QueryAsync<string>("SELECT status FROM providers WHERE npi = $1", Npi(1)));
        Assert.Equal(new ProviderCounts(0, 0, 1), await WriteAsync(Noon.AddHours(4), mark));
    }

    [Fact]
    public async Task AnOldFile_DoesNotBringADeactivatedProviderBack()
    {
        await WriteAsync(Noon, Person(1));
        await WriteAsync(Noon, new ProviderRecord { Npi = Npi(1), Entity = null, Deactivated = true, DeactivatedOn = new DateOnly(2026, 4, 1) });

        Assert.Equal(new ProviderCounts(0, 0, 1), await WriteAsync(Noon.AddHours(1), Person(1) with { Answer = null }));

        Assert.Equal("deactivated", await _postgres.QueryAsync<string>("SELECT status FROM providers"));
    }

    [Fact]
    public async Task TwoWhoWriteTheSameProvidersAtOnce_NeverWaitCrosswise()
    {
        var people = Enumerable.Range(1, 3000).Select(Person).ToArray();
        var counts = await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(() =>
            WriteAsync(Noon.AddMinutes(writer), [.. people.OrderBy(person => (person.Npi * (writer + 7)) % 1009)]))));

        Assert.Equal(3000, counts.Sum(count => count.Created));
        Assert.Equal(0, counts.Sum(count => count.Updated));
        Assert.Equal(9000, counts.Sum(count => count.Unchanged));
    }

    private async Task<ProviderCounts> WriteAsync(DateTimeOffset at, params ProviderRecord[] records)
    {
        await using var connection = await _postgres.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var counts = await ProviderWriter.WriteAsync(connection, records, "api", at, CancellationToken.None);
        await transaction.CommitAsync();
        return counts;
    }

    private static long Npi(int n) => NpiNumber.Complete(100_000_000 + n);

    private static ProviderRecord Person(int n) => new()
    {
        Npi = Npi(n),
        Entity = "individual",
        LastName = $"DOE {n}",
        FirstName = "JANE",
        MiddleName = "Q",
        Credential = "MD",
        Sex = "F",
        Phone = "5550100100",
        Fax = "5550100101",
        Practice = new ProviderAddress("1 MAIN ST", "STE 2", "ATLANTA", "GA", "303010001", "US"),
        Mailing = new ProviderAddress("PO BOX 3", null, "ATHENS", "GA", "30601", "US"),
        Taxonomy = "207Q00000X",
        Taxonomies = ["207Q00000X", "207R00000X"],
        EnumeratedOn = new DateOnly(2019, 3, 4),
        LastUpdatedOn = new DateOnly(2023, 3, 9),
        CertifiedOn = new DateOnly(2023, 3, 8),
        Answer = """{"a": 1}""",
    };
}
