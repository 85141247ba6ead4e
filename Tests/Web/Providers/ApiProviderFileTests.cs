using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OrleansBulk.Providers.Files;
using OrleansBulk.Tests.Providers.Files;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Web.Providers;

/// <summary><c>/api/providers/file</c> as programs use it, each test on a database of its own: what a file comes to depends on what is there.</summary>
public sealed class ApiProviderFileTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("provider-files");
    private WebHost _host = null!;
    private WebHostClient _program = null!;

    private string Uploads => Path.Combine(_folder.FullName, "uploads");

    private string Below => Path.Combine(_folder.FullName, "below");

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(Below);
        _host = await WebHost.StartAsync(null, ("ProviderFiles:UploadFolder", Uploads), ("ProviderFiles:Folder", Below));
        _program = _host.Program();
    }

    public async Task DisposeAsync()
    {
        _program.Dispose();
        await _host.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task TheRecordedFile_IsLoaded_AndAgain_ChangesNothing()
    {
        var bytes = await File.ReadAllBytesAsync(NppesFile.Recorded);

        var first = await UploadAsync(bytes);
        var again = await UploadAsync(bytes);

        Assert.Equal((998, 998, 0, 0, 0, 0), Counts(first));
        Assert.Equal((998, 0, 0, 998, 0, 0), Counts(again));
        Assert.Equal("completed", first.GetProperty("status").GetString());
        Assert.Equal((bytes.Length, bytes.Length), (first.GetProperty("bytes").GetInt32(), first.GetProperty("bytesRead").GetInt32()));
        Assert.Equal(998, await CountAsync("entity = 'organization' AND name IS NOT NULL AND state IS NOT NULL AND taxonomy = taxonomies[1] AND content_hash IS NOT NULL AND source = 'test.csv'"));
        Assert.Equal(0, await CountAsync("updated_at <> created_at"));
        await WebHost.UntilAsync("the uploads are deleted", () => Task.FromResult(Directory.GetFiles(Uploads).Length == 0));
        var ledger = (await _program.GetAsync($"/api/jobs/{first.GetProperty("id").GetGuid()}/ledger")).Json;
        Assert.True(ledger.GetProperty("balanced").GetBoolean());
    }

    [Fact]
    public async Task Headers2013_2021_2025_AreBoundByName_InAnyOrder()
    {
        var orders = new[] { NppesFile.Header2013, NppesFile.Header2021, NppesFile.Header2025, [.. NppesFile.Header2025.Reverse()] };
        Assert.Equal([329, 330, 330, 330], orders.Select(header => header.Length));

        for (var n = 0; n < orders.Length; n++)
        {
            var loaded = await UploadAsync(NppesFile.Csv(orders[n], [NppesFile.Person(n)], n % 2 == 0 ? "\n" : "\r\n"));
            Assert.Equal((1, 1, 0, 0, 0, 0), Counts(loaded));
        }

        Assert.Equal(4, await CountAsync("name = last_name || ', ANNA' AND sex = 'F' AND credential = 'M.D.' AND phone = '5550100100' AND postal_code = '122075555' AND country = 'US' AND taxonomies[2] = '207Q00000X' AND cardinality(taxonomies) = 2"));
        Assert.Equal(4, await CountAsync("mailing_city = 'ALBANY' AND enumerated_on = '2006-05-23' AND last_updated_on = '2020-07-08' AND status = 'active'"));
    }

    [Fact]
    public async Task Created_Updated_Unchanged_Deactivated_LeftOut_AndRejected_AreCountedApart()
    {
        await UploadAsync(NppesFile.Csv(NppesFile.Header2021, Enumerable.Range(0, 6).Select(NppesFile.Person)));
        var moved = NppesFile.Person(1);
        moved["Provider Business Practice Location Address City Name"] = "ELKO";
        var wrong = NppesFile.Person(9);
        wrong["NPI"] = "1234567890";

        var loaded = await UploadAsync(NppesFile.Csv(NppesFile.Header2021, [NppesFile.Person(0), moved, NppesFile.Mark(2), NppesFile.Mark(77), NppesFile.Person(8), wrong]));

        Assert.Equal((6, 1, 1, 1, 2, 1), Counts(loaded));
        var rejected = Assert.Single(loaded.GetProperty("rejectedLines").EnumerateArray());
        Assert.Equal((7, "1234567890"), (rejected.GetProperty("line").GetInt32(), rejected.GetProperty("npi").GetString()));
        Assert.Contains("check digit", rejected.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, await CountAsync("status = 'deactivated' AND deactivated_on = '2021-03-04' AND last_name = 'SAMPLE2' AND city = 'ALBANY'")); // marked, and nothing of it lost
        Assert.Equal(1, await CountAsync("status = 'deactivated' AND name IS NULL"));
        Assert.Equal(8, await CountAsync("true"));
    }

    [Fact]
    public async Task TheSameNpiTwice_TheLaterLineCounts()
    {
        var later = NppesFile.Person(1);
        later["Provider First Name"] = "BERTA";

        var loaded = await UploadAsync(NppesFile.Csv(NppesFile.Header2021, [NppesFile.Person(1), NppesFile.Person(2), later]));

        Assert.Equal((3, 2, 0, 0, 0, 1), Counts(loaded));
        Assert.Contains("again in line 4", loaded.GetProperty("rejectedLines")[0].GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, await CountAsync("first_name = 'BERTA'"));
    }

    [Fact]
    public async Task SpecialtiesAndStates_LeaveTheOthersOut_ByCodeOrName()
    {
        var csv = NppesFile.Csv(NppesFile.Header2021, Enumerable.Range(0, 30).Select(NppesFile.Person).Append(NppesFile.Mark(99)));

        var some = await UploadAsync(csv, "&specialties=Internal%20Medicine&states=NY");

        Assert.Equal(5, some.GetProperty("created").GetInt32());
        Assert.Equal(26, some.GetProperty("leftOut").GetInt32()); // the mark of an unknown NPI among them
        Assert.Equal(5, await CountAsync("state = 'NY' AND taxonomy = '207R00000X'"));
        Assert.Equal(25, (await UploadAsync(csv, "&specialties=207Q00000X")).GetProperty("created").GetInt32()); // the second taxonomy of all of them
        Assert.Contains("no taxonomy code", (await SendAsync(csv, "&specialties=Alchemy")).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.Contains("no state", (await SendAsync(csv, "&states=NY,XX")).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CompressionLevel.Fastest)]
    [InlineData(CompressionLevel.NoCompression)]
    public async Task TheZipAsPublished_IsLoaded_TheMainFileFoundAmongTheOthers(CompressionLevel level)
    {
        var zip = NppesFile.Zip(NppesFile.Csv(NppesFile.Header2025, Enumerable.Range(0, 300).Select(NppesFile.Person)), level);

        var loaded = await UploadAsync(zip);

        Assert.Equal((300, 300, 0, 0, 0, 0), Counts(loaded));
        Assert.Equal("npidata_pfile_20050523-20251109.csv", loaded.GetProperty("member").GetString());
    }

    [Fact]
    public async Task ABrokenZip_IsSaidToBe()
    {
        var csv = NppesFile.Csv(NppesFile.Header2025, Enumerable.Range(0, 3000).Select(NppesFile.Person));
        var zip = NppesFile.Zip(csv);
        var spoilt = NppesFile.Zip(csv, CompressionLevel.NoCompression);
        spoilt[spoilt.Length / 2] ^= 1;

        Assert.Contains("broken or was cut off", (await SendAsync(zip[..(zip.Length / 2)])).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.Contains("no provider file", (await SendAsync(EmptyZip())).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        var failed = await UploadAsync(spoilt, "", "failed"); // one bit: seen when what unpacks it has come to the end
        Assert.Contains("checksum is wrong", failed.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, await CountAsync("true")); // it all was one merge
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("id,username\n1,ada\n", "no column 'NPI'")]
    [InlineData("\"NPI\",\"Provider Secondary Practice Location Address- Address Line 1\"\n", "lacks")]
    [InlineData("<!DOCTYPE html><html></html>", "no column 'NPI'")]
    public async Task WhatIsNoNppesFile_IsRefused_AndNotKept(string text, string words)
    {
        var sentence = (await SendAsync(text)).Problem(HttpStatusCode.BadRequest);

        Assert.Contains(words, sentence, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Uploads));
        Assert.Equal(0, await _host.Postgres.QueryAsync<long>("SELECT count(*) FROM jobs"));
    }

    [Fact]
    public async Task RejectedLines_AreCountedAll_ListedToTheFirstThousand_AndDownloadedAll()
    {
        var lines = Enumerable.Range(0, 3000).Select(n => n % 2 == 0 ? NppesFile.Line(NppesFile.Header2021, NppesFile.Person(n)) : $"\"=1+1\",\"{n}\"");
        var loaded = await UploadAsync(NppesFile.Header(NppesFile.Header2021) + "\n" + string.Join('\n', lines));

        Assert.Equal((3000, 1500, 0, 0, 0, 1500), Counts(loaded));
        var listed = loaded.GetProperty("rejectedLines").EnumerateArray().ToList();
        Assert.Equal((1000, 3, 2001), (listed.Count, listed[0].GetProperty("line").GetInt32(), listed[^1].GetProperty("line").GetInt32()));
        Assert.Contains("2 values; the header names 330", listed[0].GetProperty("reason").GetString(), StringComparison.Ordinal);
        var csv = await _program.GetAsync($"/api/providers/file/{loaded.GetProperty("id").GetGuid()}/rejected.csv");
        Assert.Equal("text/csv", csv.MediaType);
        Assert.Equal(1501, csv.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task AFormulaInTheNpi_IsTextInTheDownload()
    {
        var wrong = NppesFile.Person(1);
        wrong["NPI"] = "=1+1";

        var loaded = await UploadAsync(NppesFile.Csv(NppesFile.Header2021, [wrong]));

        var csv = await _program.GetAsync($"/api/providers/file/{loaded.GetProperty("id").GetGuid()}/rejected.csv");
        Assert.Contains("2,'=1+1,", csv.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheDeactivationList_MarksProviders_AsCsvAsWorkbookAndInItsZip()
    {
        await UploadAsync(NppesFile.Csv(NppesFile.Header2021, Enumerable.Range(0, 5).Select(NppesFile.Person)));
        var csv = $"NPI,NPPES Deactivation Date\n{NppesFile.Npi(0)},05/06/2022\n{NppesFile.Npi(50)},05/06/2022\nnonsense,05/06/2022\n";

        var fromCsv = await UploadAsync(csv);
        var fromBook = await UploadAsync(Workbook(NppesFile.Npi(1), "05/07/2022"));
        var fromZip = await UploadAsync(Zipped("NPPES_Deactivated_NPI_Report_20251110.xlsx", Workbook(NppesFile.Npi(2), "44689")));

        Assert.Equal((3, 0, 0, 0, 2, 1), Counts(fromCsv));
        Assert.Equal((1, 0, 0, 0, 1, 0), Counts(fromBook));
        Assert.Equal((1, 0, 0, 0, 1, 0), Counts(fromZip));
        Assert.Equal("deactivations", fromZip.GetProperty("kind").GetString());
        Assert.Equal(3, await CountAsync("status = 'deactivated' AND last_name LIKE 'SAMPLE%' AND deactivated_on BETWEEN '2022-05-06' AND '2022-05-08'"));
        Assert.Equal(6, await CountAsync("true"));
    }

    [Fact]
    public async Task AWorkbookWithMoreTextThanACellCanHave_IsRefused()
    {
        var book = Workbook(NppesFile.Npi(1), new string('/', 40_000)); // packed, a few hundred bytes; it could as well be gigabytes

        Assert.Contains("more text than the deactivation list", (await SendAsync(book)).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.Contains("more text than the deactivation list", (await SendAsync(Zipped("list.xlsx", book))).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Uploads));
    }

    [Fact]
    public async Task AWorkbookInAZip_ThatUnpacksToFarMoreThanTheList_IsNotUnpacked()
    {
        var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var entry = archive.CreateEntry("list.xlsx", CompressionLevel.Fastest).Open();
            var zeros = new byte[1 << 20];
            for (var megabyte = 0; megabyte <= 256; megabyte++)
            {
                entry.Write(zeros);
            }
        }

        Assert.Contains("has far less than", (await SendAsync(zip.ToArray())).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Uploads));
    }

    [Theory]
    [InlineData("specialties")]
    [InlineData("states")]
    public async Task AnEntryThatIsNull_IsRefusedInWords(string list) => Assert.Contains(
        "an entry is null", (await _program.PostAsync("/api/providers/file", $"{{\"path\": \"a.csv\", \"{list}\": [null]}}")).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);

    [Fact]
    public async Task AFileOfTheFolder_IsLoadedByItsPath_AndStays()
    {
        Directory.CreateDirectory(Path.Combine(Below, "2025-11"));
        await File.WriteAllTextAsync(Path.Combine(Below, "2025-11", "weekly.csv"), NppesFile.Csv(NppesFile.Header2025, [NppesFile.Person(1), NppesFile.Person(2)]));

        var answer = await _program.PostAsync("/api/providers/file", new { path = "2025-11/weekly.csv", states = new[] { "NY" } });

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        var loaded = await EndAsync(answer.Json.GetProperty("id").GetGuid(), "completed");
        Assert.Equal((2, 1), (loaded.GetProperty("lines").GetInt32(), loaded.GetProperty("created").GetInt32()));
        Assert.True(File.Exists(Path.Combine(Below, "2025-11", "weekly.csv")));
    }

    [Theory]
    [InlineData("../outside.csv")]
    [InlineData("2025-11/../../outside.csv")]
    [InlineData("..\\\\outside.csv")]
    [InlineData("/etc/passwd")]
    [InlineData("./outside.csv")]
    [InlineData("")]
    [InlineData("link.csv")]
    [InlineData("linked/outside.csv")]
    [InlineData("not-there.csv")]
    [InlineData("nul\\u0000.csv")]
    public async Task NothingOutsideOfTheFolder_IsLoaded(string path)
    {
        var outside = Path.Combine(_folder.FullName, "outside.csv");
        await File.WriteAllTextAsync(outside, NppesFile.Csv(NppesFile.Header2025, [NppesFile.Person(1)]));
        File.CreateSymbolicLink(Path.Combine(Below, "link.csv"), outside);
        Directory.CreateSymbolicLink(Path.Combine(Below, "linked"), _folder.FullName);

        var answer = await _program.PostAsync("/api/providers/file", $"{{\"path\": \"{path}\"}}");

        answer.Problem(HttpStatusCode.BadRequest);
        Assert.DoesNotContain(_folder.FullName, answer.Text, StringComparison.Ordinal);
        Assert.Equal(0, await _host.Postgres.QueryAsync<long>("SELECT count(*) FROM jobs"));
    }

    [Fact]
    public async Task WithoutAFolder_PathsAreRefused()
    {
        await using var host = await WebHost.StartAsync(null, ("ProviderFiles:UploadFolder", Uploads));
        using var program = host.Program();

        Assert.Contains("upload the file", (await program.PostAsync("/api/providers/file", new { path = "a.csv" })).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TooLargeAnUpload_IsRefused_AndNotKept()
    {
        await using var host = await WebHost.StartAsync(null, ("ProviderFiles:UploadFolder", Uploads), ("ProviderFiles:MaxUploadBytes", "20000"));
        using var program = host.Program();

        var answer = await program.PostTextAsync("/api/providers/file", NppesFile.Csv(NppesFile.Header2021, Enumerable.Range(0, 50).Select(NppesFile.Person)), "text/csv");

        Assert.Contains("larger than the 20,000 bytes", answer.Problem(HttpStatusCode.RequestEntityTooLarge), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Uploads));
    }

    [Fact]
    public async Task UploadsThatNobodyWillLoad_AreDeleted()
    {
        Directory.CreateDirectory(Uploads);
        var (old, young) = (Path.Combine(Uploads, $"{Guid.NewGuid():N}.upload"), Path.Combine(Uploads, $"{Guid.NewGuid():N}.upload"));
        await File.WriteAllTextAsync(old, "");
        await File.WriteAllTextAsync(young, "");
        File.SetLastWriteTimeUtc(old, DateTime.UnixEpoch);

        var upkeep = ActivatorUtilities.CreateInstance<ProviderFileUpkeep>(_host.Services);

        Assert.Equal(1, await upkeep.RunOnceAsync(CancellationToken.None));
        Assert.Equal([young], Directory.GetFiles(Uploads));
    }

    [Fact]
    public async Task AFileThatIsChangedWhileItIsLoaded_StopsTheLoad_WithTheReason()
    {
        var path = Path.Combine(Below, "weekly.csv");
        await File.WriteAllTextAsync(path, NppesFile.Csv(NppesFile.Header2025, [NppesFile.Person(1)]));
        var spec = new ProviderFileSpec("weekly.csv", "weekly.csv", null, 10, 10, DateTimeOffset.UnixEpoch, ProviderFileSpec.Providers, [], []);

        var error = await Assert.ThrowsAsync<OrleansBulk.Jobs.MergeStoppedException>(() => FileReading.OpenAsync(path, spec, 0, 2, CancellationToken.None));

        Assert.Contains("was changed since", error.Message, StringComparison.Ordinal);
        Assert.Contains("not where it was", (await Assert.ThrowsAsync<OrleansBulk.Jobs.MergeStoppedException>(() => FileReading.OpenAsync(path + "x", spec, 0, 2, CancellationToken.None))).Message, StringComparison.Ordinal);
    }

    private Task<JsonElement> UploadAsync(string csv, string query = "") => UploadAsync(Encoding.UTF8.GetBytes(csv), query);

    private async Task<JsonElement> UploadAsync(byte[] bytes, string query = "", string end = "completed")
    {
        var answer = await SendAsync(bytes, query);
        Assert.True(answer.Status == HttpStatusCode.Accepted, answer.ToString());
        return await EndAsync(answer.Json.GetProperty("id").GetGuid(), end);
    }

    private async Task<JsonElement> EndAsync(Guid id, string end)
    {
        await _program.WhenAsync(id, end);
        return (await _program.GetAsync($"/api/providers/file/{id}")).Json;
    }

    private Task<WebHostClient.Answer> SendAsync(string text, string query = "") => SendAsync(Encoding.UTF8.GetBytes(text), query);

    private async Task<WebHostClient.Answer> SendAsync(byte[] bytes, string query = "")
    {
        using var content = new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } };
        return await _program.SendAsync(HttpMethod.Post, $"/api/providers/file?name=test.csv{query}", content);
    }

    private Task<long> CountAsync(string where) => _host.Postgres.QueryAsync<long>($"SELECT count(*) FROM providers WHERE {where}");

    /// <summary>Lines, created, updated, unchanged, deactivated, rejected; and whether they add up.</summary>
    private static (int, int, int, int, int, int) Counts(JsonElement file)
    {
        Assert.Equal(Of("lines"), Of("created") + Of("updated") + Of("unchanged") + Of("deactivated") + Of("leftOut") + Of("rejected"));
        return (Of("lines"), Of("created"), Of("updated"), Of("unchanged"), Of("deactivated"), Of("rejected"));

        int Of(string name) => file.GetProperty(name).GetInt32();
    }

    private static byte[] EmptyZip() => Zipped("readme.txt", "hello"u8.ToArray());

    private static byte[] Zipped(string name, byte[] content)
    {
        var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var entry = archive.CreateEntry(name).Open();
            entry.Write(content);
        }

        return zip.ToArray();
    }

    /// <summary>As a spreadsheet writes it: a title, the header in shared texts, then one row.</summary>
    private static byte[] Workbook(long npi, string day)
    {
        var book = new MemoryStream();
        using (var archive = new ZipArchive(book, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("xl/sharedStrings.xml", $"<sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><si><t>NPPES Deactivated Records</t></si><si><t>NPI</t></si><si><r><t>NPPES </t></r><r><t>Deactivation Date</t></r></si><si><t>{npi}</t></si></sst>");
            Add("xl/worksheets/sheet1.xml", $"""
                <worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
                <row r="1"><c r="A1" t="s"><v>0</v></c></row>
                <row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2" t="s"><v>2</v></c></row>
                <row r="3"><c r="A3" t="s"><v>3</v></c><c r="B3"{(day.Contains('/', StringComparison.Ordinal) ? " t=\"inlineStr\"><is><t>" + day + "</t></is>" : "><v>" + day + "</v>")}</c></row>
                </sheetData></worksheet>
                """);

            void Add(string name, string text)
            {
                using var entry = archive.CreateEntry(name).Open();
                entry.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        return book.ToArray();
    }
}
