using System.Globalization;
using System.Text;
using OrleansBulk.Providers;
using OrleansBulk.Providers.Files;

namespace OrleansBulk.Tests.Providers.Files;

/// <summary>What a line says, as bytes, beside the record that the same texts make.</summary>
public sealed class LineFactsTests
{
    [Fact]
    public async Task TheRecordedOrganisations_HaveTheFingerprintOfTheirRecords()
    {
        var rows = await ReadAsync(File.OpenRead(NppesFile.Recorded));

        Assert.Equal(NppesFile.RecordedRows, rows.Count);
        Assert.All(rows, row => Assert.Null(row.Problem));
        Assert.All(rows.Where(row => !row.IsMark), row => Assert.Equal((row.Record.ContentHash, row.Record.Name), (row.Hash, row.Name)));
        Assert.Contains(rows, row => row.Record.Taxonomies.Count > 1);
    }

    [Theory]
    [InlineData("Provider Last Name (Legal Name)", "  O'NEIL\t ")]
    [InlineData("Provider Last Name (Legal Name)", "--")]
    [InlineData("Provider Last Name (Legal Name)", "Ñandú ")]
    [InlineData("Provider First Name", "")]
    [InlineData("Provider Middle Name", "QUINN")]
    [InlineData("Provider Business Practice Location Address Telephone Number", "(555) 010-0100")]
    [InlineData("Provider Business Practice Location Address Telephone Number", "+44 20 7946 0000")]
    [InlineData("Provider Business Practice Location Address Fax Number", "5550100100")]
    [InlineData("Provider Business Practice Location Address Postal Code", "12207-5555")]
    [InlineData("Provider Business Practice Location Address Postal Code", "SW1A 1AA")]
    [InlineData("Provider Business Practice Location Address Postal Code", "1234567890")]
    [InlineData("Healthcare Provider Primary Taxonomy Switch_2", "X")]
    [InlineData("Healthcare Provider Taxonomy Code_1", "")]
    [InlineData("Healthcare Provider Taxonomy Code_2", "")]
    [InlineData("NPI Deactivation Date", "01/01/2019")]
    [InlineData("Certification Date", "02/29/2024")]
    public async Task OddValues_BecomeWhatTheyBecomeInARecord(string column, string value)
    {
        var person = NppesFile.Person(7);
        person[column] = value;

        var row = Assert.Single(await ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(NppesFile.Csv(NppesFile.Header2021, [person])))));

        Assert.Null(row.Problem);
        Assert.Equal((row.Record.ContentHash, row.Record.Name), (row.Hash, row.Name));
    }

    [Theory]
    [InlineData("NPI", "1234567890", "check digit")]
    [InlineData("NPI", "", "ten digits")]
    [InlineData("NPI", "12345", "ten digits")]
    [InlineData("Entity Type Code", "3", "entity type is '3'")]
    [InlineData("Entity Type Code", "", "no date on which it was deactivated")]
    [InlineData("Provider Enumeration Date", "2020-01-01", "no day such as")]
    [InlineData("Last Update Date", "02/30/2020", "no day such as")]
    public async Task WhatIsWrong_IsSaid(string column, string value, string words)
    {
        var person = NppesFile.Person(7);
        person[column] = value;

        var row = Assert.Single(await ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(NppesFile.Csv(NppesFile.Header2021, [person])))));

        Assert.Contains(words, row.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "03/04/2021", "", true, true)]
    [InlineData("1", "03/04/2021", "", true, false)]
    [InlineData("1", "03/04/2021", "03/03/2021", true, false)]
    [InlineData("1", "03/04/2021", "03/04/2021", false, false)]
    [InlineData("1", "03/04/2021", "01/01/2022", false, false)]
    [InlineData("1", "", "", false, false)]
    public async Task Deactivated_IsWhoWasNotReactivatedSince(string entity, string off, string on, bool deactivated, bool mark)
    {
        var person = NppesFile.Person(7);
        (person["Entity Type Code"], person["NPI Deactivation Date"], person["NPI Reactivation Date"]) = (entity, off, on);

        var row = Assert.Single(await ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(NppesFile.Csv(NppesFile.Header2021, [person])))));

        Assert.Equal((null, deactivated, mark), (row.Problem, row.Deactivated, row.IsMark));
    }

    private static async Task<List<Row>> ReadAsync(Stream file)
    {
        await using var closed = file;
        var header = await FileHeader.ReadAsync(file, CancellationToken.None);
        file.Position = header.DataOffset;
        var (lines, facts, rows) = (new FileLines(file, header.Columns, header.DataOffset, 2), new LineFacts(), new List<Row>());
        while (await lines.ReadAsync(CancellationToken.None))
        {
            var problem = lines.Problem ?? facts.Read(lines);
            rows.Add(new Row(problem, problem is not null || facts.IsMark ? new ProviderRecord { Npi = 0, Entity = null } : RecordOf(lines), facts.ContentHash, facts.Name.IsEmpty ? null : Encoding.UTF8.GetString(facts.Name), facts.IsMark, facts.Deactivated));
        }

        return rows;
    }

    private static ProviderRecord RecordOf(FileLines line)
    {
        var codes = Enumerable.Range(0, NppesColumns.TaxonomySlots).Select(slot => (Code: Text(NppesColumns.Taxonomies + slot * 4), Primary: Text(NppesColumns.Taxonomies + slot * 4 + 3) == "Y"))
            .Where(slot => slot.Code is not null).ToList();
        var primary = codes.Find(slot => slot.Primary).Code ?? codes.FirstOrDefault().Code;
        var (off, on) = (Day(NppesColumns.DeactivationDate), Day(NppesColumns.ReactivationDate));
        return new ProviderRecord
        {
            Npi = 0,
            Entity = Text(NppesColumns.EntityType) == "1" ? "individual" : "organization",
            OrganizationName = Text(NppesColumns.Organization),
            LastName = Text(NppesColumns.LastName),
            FirstName = Text(NppesColumns.FirstName),
            MiddleName = Text(NppesColumns.MiddleName),
            Credential = Text(NppesColumns.Credential),
            Sex = Text(NppesColumns.Sex),
            Phone = ProviderRecord.Number(Raw(NppesColumns.Practice + 6)),
            Fax = ProviderRecord.Number(Raw(NppesColumns.Practice + 7)),
            Practice = Address(NppesColumns.Practice),
            Mailing = Address(NppesColumns.Mailing),
            Taxonomy = primary,
            Taxonomies = ProviderRecord.InOrder(primary, codes.Select(slot => slot.Code!)),
            EnumeratedOn = Day(NppesColumns.EnumerationDate),
            LastUpdatedOn = Day(NppesColumns.LastUpdate),
            CertifiedOn = Day(NppesColumns.CertificationDate),
            DeactivatedOn = off,
            ReactivatedOn = on,
            Deactivated = off is not null && (on is null || on < off),
        };

        string Raw(int column) => Encoding.UTF8.GetString(line[column]);

        string? Text(int column) => ProviderRecord.Clean(Raw(column));

        DateOnly? Day(int column) => Raw(column) is { Length: > 0 } day ? DateOnly.ParseExact(day, "MM/dd/yyyy", CultureInfo.InvariantCulture) : null;

        ProviderAddress Address(int column)
        {
            var given = new ProviderAddress(Text(column), Text(column + 1), Text(column + 2), Text(column + 3), ProviderRecord.PostalCode(Raw(column + 4)), Text(column + 5));
            return given == ProviderAddress.None ? given : given with { Country = given.Country ?? "US" };
        }
    }

    private sealed record Row(string? Problem, ProviderRecord Record, long Hash, string? Name, bool IsMark, bool Deactivated);
}
