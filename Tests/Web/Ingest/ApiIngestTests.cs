using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Ingest;

/// <summary><c>POST /api/ingest</c>: formats, what is rejected and what is refused, and what is left of a body that does not arrive.</summary>
public sealed class ApiIngestTests(WebHost host) : IClassFixture<WebHost>
{
    private const string Json = "application/json";
    private const string Lines = "application/x-ndjson";
    private const string Csv = "text/csv";

    [Theory]
    [InlineData(Json, """{"source": {"of": ["all", 1]}, "profiles": [{"id": "X1", "username": "ada", "full_name": "Ada L."}, {"full_name": null, "username": " bob ", "id": "X2", "followers": 7, "tags": ["a", {"b": null}]}, {"id": "X1", "username": "again"}], "more": 1}""")]
    [InlineData(Lines, "{\"id\": \"X1\", \"username\": \"ada\", \"full_name\": \"Ada L.\"}\n{\"username\": \"bob\", \"id\": \"X2\", \"followers\": 7, \"tags\": [\"a\", {\"b\": null}]}\n\n{\"id\": \"X1\", \"username\": \"again\"}")]
    [InlineData(Csv, "Username,followers,ID,Full_Name,tags\r\nada,,X1,Ada L.,\r\n\"bob\",7,X2,,\"[\"\"a\"\"]\"\r\n\r\nagain,,X1,,")]
    [InlineData("text/csv; charset=utf-8", "\uFEFFid,username,full_name,followers\nX1,ada,Ada L.,\nX2,bob,,7\nX1,again,,\n")]
    [InlineData(Json, "\uFEFF{\"profiles\": [{\"id\": \"X1\", \"username\": \"\\u0061da\", \"full_name\": \"Ada L.\"}, {\"id\": \"X2\", \"username\": \"bob\", \"followers\": 7}, {\"id\": \"X1\", \"username\": \"again\"}]}")]
    public async Task Profiles_GoIn_OnceByTheirId_InEveryFormat_GzippedOrNot(string type, string body)
    {
        using var program = host.Program();
        foreach (var gzipped in new[] { false, true })
        {
            var (one, two) = ($"a{Guid.NewGuid():N}", $"b{Guid.NewGuid():N}");
            var text = body.Replace("X1", one, StringComparison.Ordinal).Replace("X2", two, StringComparison.Ordinal);

            var first = await PostAsync(program, text, type, gzipped);
            var again = await PostAsync(program, text, type, gzipped);

            Assert.Equal($$"""{"success":true,"inserted_raw":3,"added_to_global":2,"skipped_existing":1,"rejected":[],"rejected_count":0,"jobId":"{{first.Json.GetProperty("jobId").GetString()}}"}""", first.Text);
            Assert.Equal((3, 0, 3), Counts(again.Json));
            Assert.Equal("ada|Ada L.|bob|", await host.Postgres.QueryAsync<string>(
                "SELECT string_agg(username || '|' || coalesce(full_name, ''), '|' ORDER BY id) FROM global_usernames WHERE id IN ($1, $2) AND NOT used", one, two));
            Assert.Equal(6, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM raw_scraped_profiles WHERE id IN ($1, $2)", one, two));
            Assert.Equal("7", await host.Postgres.QueryAsync<string>("SELECT extra->>'followers' FROM raw_scraped_profiles WHERE id = $1 LIMIT 1", two));
            Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM raw_scraped_profiles WHERE id = $1 AND extra IS NOT NULL", one));
        }
    }

    [Fact]
    public async Task NumberAsId_IsTheSameAsItsDigits()
    {
        using var program = host.Program();
        var number = Random.Shared.NextInt64(1_000_000_000, long.MaxValue);

        var answer = await program.PostAsync("/api/ingest", $$"""{"profiles": [{"id": {{number}}, "username": "n"}, {"id": "{{number}}", "username": "n"}]}""");

        Assert.Equal((2, 1, 1), Counts(answer.Json));
    }

    [Theory]
    [InlineData("""{"username": "u"}""", "id is missing")]
    [InlineData("""{"id": "", "username": "u"}""", "id is missing")]
    [InlineData("""{"id": true, "username": "u"}""", "id must be a text or a number")]
    [InlineData("""{"id": ["a"], "username": "u"}""", "id must be a text or a number")]
    [InlineData("""{"id": "0123456789012345678901234567890123456789012345678901234567890123456789", "username": "u"}""", "id has 70 characters")]
    [InlineData("""{"id": "a\u0000b", "username": "u"}""", "NUL")]
    [InlineData("""{"id": "a\tb", "username": "u"}""", "id has a control character")]
    [InlineData("""{"id": "x"}""", "username is missing")]
    [InlineData("""{"id": "x", "username": null}""", "username is missing")]
    [InlineData("""{"id": "x", "username": 7}""", "username must be a text")]
    [InlineData("""{"id": "x", "username": "half\ud800"}""", "half a character")]
    [InlineData("""{"id": "x", "username": "u", "full_name": {"first": "A"}}""", "full_name must be a text")]
    [InlineData("""{"id": "x", "username": "u", "other": {"deep": ["\u0000"]}}""", "NUL")]
    [InlineData("""{"id": "x", "username": "u", "ot\udc00her": 1}""", "half a character")]
    [InlineData("7", "not an object")]
    [InlineData("[{}]", "not an object")]
    public async Task RowThatIsWrong_IsRejectedByItsIndex_AndTheOthersGoIn(string wrong, string reason)
    {
        using var program = host.Program();
        var good = Enumerable.Range(0, 2).Select(number => $$"""{"id": "g{{number}}{{Guid.NewGuid():N}}", "username": "good"}""").ToArray();

        foreach (var (type, body) in new[] { (Json, $$"""{"profiles": [{{good[0]}},{{wrong}},{{good[1]}}]}"""), (Lines, $"{good[0]}\n{wrong}\n{good[1]}\n") })
        {
            var answer = (await program.PostTextAsync("/api/ingest", body, type)).Json;

            Assert.Equal(2, answer.GetProperty("inserted_raw").GetInt32());
            var rejected = Assert.Single(answer.GetProperty("rejected").EnumerateArray());
            Assert.Equal(1, rejected.GetProperty("index").GetInt32());
            Assert.Contains(reason, rejected.GetProperty("reason").GetString(), StringComparison.Ordinal);
            var ledger = (await program.GetAsync($"/api/jobs/{answer.GetProperty("jobId").GetGuid()}/ledger")).Json;
            Assert.Equal((3, 1, true), (ledger.GetProperty("submitted").GetInt32(), ledger.GetProperty("failed").GetInt32(), ledger.GetProperty("balanced").GetBoolean()));
        }
    }

    [Fact]
    public async Task RejectedRows_AreCountedAll_ListedUpToAThousand_AndAllToBeDownloaded()
    {
        using var program = host.Program();
        var body = "id,username\n" + string.Concat(Enumerable.Range(0, 1500).Select(number => $",nameless {number}\n"));

        var answer = (await program.PostTextAsync("/api/ingest", body, Csv)).Json;

        Assert.Equal((0, 1500, 1000), (answer.GetProperty("inserted_raw").GetInt32(), answer.GetProperty("rejected_count").GetInt32(), answer.GetProperty("rejected").GetArrayLength()));
        var download = await program.GetAsync($"/api/jobs/{answer.GetProperty("jobId").GetGuid()}/failures?format=csv");
        Assert.Equal(1501, download.Text.Count(character => character == '\n'));
    }

    [Theory]
    [InlineData(Json, """{"profiles": [{"id": "x", "username": "u"}, {"id": "y", "user""", "near entry 1")]
    [InlineData(Json, """{"profiles": [{"id": "x", "username": "u"}]""", "not valid JSON")]
    [InlineData(Json, "{\"profiles\": [{\"id\": \"x\", \"username\": \"u\"},\n{\"id\" \"y\"}]}", "line 2")]
    [InlineData(Json, """[{"id": "x", "username": "u"}]""", "whose member profiles is the list")]
    [InlineData(Json, """{"profile": [{"id": "x", "username": "u"}]}""", "whose member profiles is the list")]
    [InlineData(Json, """{"profiles": {"id": "x"}}""", "whose member profiles is the list")]
    [InlineData(Json, "", "not valid JSON")]
    [InlineData(Lines, "{\"id\": \"x\", \"username\": \"u\"}\n{\"id\": \"y\"\n", "near entry 1")]
    [InlineData(Csv, "x,u\ny,v\n", "no columns id and username")]
    [InlineData(Csv, "", "no columns id and username")]
    [InlineData(Csv, "id,username\nx,\"u\ny,v\n", "near line 2")]
    public async Task BodyThatIsNotWhatItSays_IsRefusedWithThePosition_AndNothingIsKept(string type, string body, string where)
    {
        using var program = host.Program();
        var before = await EverythingAsync();

        foreach (var gzipped in new[] { false, true })
        {
            Assert.Contains(where, (await PostAsync(program, body, type, gzipped)).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        }

        Assert.Equal(before, await EverythingAsync());
    }

    [Fact]
    public async Task WrongCharset_IsRefused_WhetherItIsSaidOrNot()
    {
        using var program = host.Program();
        var latin = new ByteArrayContent(Encoding.Latin1.GetBytes("id,username\nx,Jos\u00e9\n")) { Headers = { ContentType = MediaTypeHeaderValue.Parse(Csv) } };
        var wide = new ByteArrayContent(Encoding.Unicode.GetBytes("{\"profiles\": []}")) { Headers = { ContentType = MediaTypeHeaderValue.Parse(Json) } };

        Assert.Contains("UTF-8", (await program.SendAsync(HttpMethod.Post, "/api/ingest", latin)).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.Contains("UTF-8", (await program.SendAsync(HttpMethod.Post, "/api/ingest", wide)).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.Contains("UTF-8", (await program.PostTextAsync("/api/ingest", "id,username\n", "text/csv; charset=latin1")).Problem(HttpStatusCode.UnsupportedMediaType), StringComparison.Ordinal);
        Assert.Contains("application/x-ndjson", (await program.PostTextAsync("/api/ingest", "id,username\n", "text/plain")).Problem(HttpStatusCode.UnsupportedMediaType), StringComparison.Ordinal);
    }

    [Fact]
    public async Task GzippedBodyThatIsCutOff_IsRefused()
    {
        using var program = host.Program();
        var whole = Gzip("id,username\n" + string.Concat(Enumerable.Range(0, 20_000).Select(number => $"cut{number},u{number * 7919L}\n")));
        var content = new ByteArrayContent(whole[..(whole.Length / 2)]) { Headers = { ContentType = MediaTypeHeaderValue.Parse(Csv) } };

        Assert.Contains("near entry", (await program.SendAsync(HttpMethod.Post, "/api/ingest", content)).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM raw_scraped_profiles WHERE id LIKE 'cut%'"));
    }

    [Fact]
    public async Task BodyOverTheLimit_IsRefused_AlsoWhenItIsSmallUntilItIsUnpacked()
    {
        await using var small = await WebHost.StartAsync(null, ("Ingest:MaxBodyBytes", "100000"));
        using var program = small.Program();
        var body = "id,username\n" + string.Concat(Enumerable.Range(0, 10_000).Select(number => $"{number},user{number}\n"));

        Assert.Contains("100,000 bytes", (await PostAsync(program, body, Csv, gzipped: false)).Problem(HttpStatusCode.RequestEntityTooLarge), StringComparison.Ordinal);
        Assert.Contains("100,000 bytes", (await PostAsync(program, body, Csv, gzipped: true)).Problem(HttpStatusCode.RequestEntityTooLarge), StringComparison.Ordinal);
        Assert.Equal(0, await small.Postgres.QueryAsync<long>("SELECT count(*) FROM jobs"));
    }

    [Fact]
    public async Task ClientThatBreaksOff_LeavesNothing()
    {
        var before = await EverythingAsync();
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(host.Address.Host, host.Address.Port);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /api/ingest HTTP/1.1\r\nHost: x\r\nX-Api-Key: {WebHost.AdminKey}\r\nContent-Type: text/csv\r\nContent-Length: 100000000\r\n\r\nid,username\n"));
            for (var block = 0; block < 20; block++)
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 1000).Select(number => $"off{block}-{number},user\n"))));
            }

            // It is being copied into staging: only then is there something that could stay.
            await host.Postgres.WaitUntilAsync("rows are received", "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY staged_%')");
        }

        await host.Postgres.WaitUntilAsync("the COPY is given up", "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND query LIKE 'COPY staged_%')");
        Assert.Equal(before, await EverythingAsync());
    }

    [Fact]
    public async Task LargeBodiesBeyondTheReceivers_AreToldToComeBack_AndSmallOnesGoIn()
    {
        await using var busy = await WebHost.StartAsync(null, ("Ingest:Receivers", "1"), ("Ingest:ReceiveWait", "00:00:00.100"));
        using var program = busy.Program();
        using var client = new TcpClient();
        await client.ConnectAsync(busy.Address.Host, busy.Address.Port);
        var rows = string.Concat(Enumerable.Range(0, 20_000).Select(number => $"busy-{number},user\n"));
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST /api/ingest HTTP/1.1\r\nHost: x\r\nX-Api-Key: {WebHost.AdminKey}\r\nContent-Type: text/csv\r\nContent-Length: 100000000\r\n\r\nid,username\n{rows}"));
        await busy.Postgres.WaitUntilAsync("rows are received", "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY staged_%')");

        var large = await program.PostTextAsync("/api/ingest", "id,username\n" + rows, Csv);
        var small = await program.PostTextAsync("/api/ingest", "id,username\nsmall,user\n", Csv);

        Assert.Contains("Other large bodies", large.Problem(HttpStatusCode.ServiceUnavailable), StringComparison.Ordinal);
        Assert.NotNull(large.Headers.RetryAfter);
        Assert.Equal((1, 1, 0), Counts(small.Json));
    }

    [Fact]
    public async Task EmptyList_IsAnIngestOfNothing()
    {
        using var program = host.Program();

        Assert.Equal((0, 0, 0), Counts((await program.PostAsync("/api/ingest", """{"profiles": []}""")).Json));
        Assert.Equal((0, 0, 0), Counts((await program.PostTextAsync("/api/ingest", "id,username\n", Csv)).Json));
    }

    [Fact]
    public async Task WaitOfNothing_AnswersWithTheJob_WhoseResultCanBeAskedForLater()
    {
        using var program = host.Program();

        var started = await program.PostTextAsync("/api/ingest?wait=0&name=monday.csv", $"id,username\nw{Guid.NewGuid():N},w\n", Csv);

        Assert.Equal(HttpStatusCode.Accepted, started.Status);
        var id = started.Json.GetProperty("id").GetGuid();
        await program.WhenAsync(id, "completed");
        Assert.Equal((1, 1, 0), Counts((await program.GetAsync($"/api/ingest/{id}")).Json));
        Assert.Equal(HttpStatusCode.NotFound, (await program.GetAsync($"/api/ingest/{Guid.NewGuid()}")).Status);
    }

    [Fact]
    public async Task IngestIsNoJobToStartOrRetry()
    {
        using var program = host.Program();
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);
        var ingest = (await program.PostTextAsync("/api/ingest", "id,username\n,x\n", Csv)).Json.GetProperty("jobId").GetGuid();

        Assert.Contains("POST /api/ingest", (await program.PostAsync("/api/jobs", new { workload = "profile-ingest", spec = new { } })).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.DoesNotContain("retry-failed", (await browser.ReadAsync($"/jobs/{ingest}")), StringComparison.Ordinal);
        Assert.Contains("wrong in itself", (await program.PostAsync($"/api/jobs/{ingest}/retry-failed")).Problem(HttpStatusCode.Conflict), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SameIdempotencyKey_AnswersWithTheIngestOfTheFirstTime_AlsoAtOnce()
    {
        using var program = host.Program();
        var (key, id) = ($"key {Guid.NewGuid()}", $"k{Guid.NewGuid():N}");
        var body = $"id,username\n{id},x\n";

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => KeyedAsync(program, key, body, Csv)));
        var later = await KeyedAsync(program, key, $$"""{"id": "{{id}}", "username": "x"}""", Lines); // the rows count, not how they are written

        Assert.Equal((1, 1, 0), Counts(later.Json));
        Assert.Equal([later.Text], answers.Select(answer => answer.Text).Distinct());
        Assert.Equal(1, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM raw_scraped_profiles WHERE id = $1", id));
        Assert.Equal(1, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM audit WHERE action = 'ingest.start' AND subject = $1", later.Json.GetProperty("jobId").GetString()!));
    }

    [Fact]
    public async Task IdempotencyKeyWithOtherRows_IsRefused_AndNothingOfThemIsKept()
    {
        using var program = host.Program();
        var key = $"key {Guid.NewGuid()}";
        var first = await KeyedAsync(program, key, "id,username\nreused1,x\n", Csv);
        var before = await EverythingAsync();

        var other = await KeyedAsync(program, key, "id,username\nreused2,x\n", Csv);
        var tooLong = await KeyedAsync(program, new string('k', 201), "id,username\nreused3,x\n", Csv);

        Assert.Contains($"belongs to the ingest {first.Json.GetProperty("jobId").GetString()}", other.Problem(HttpStatusCode.Conflict), StringComparison.Ordinal);
        Assert.Contains("1 to 200", tooLong.Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.Equal(before, await EverythingAsync());
    }

    private static async Task<WebHostClient.Answer> KeyedAsync(WebHostClient program, string key, string body, string type) =>
        await program.SendAsync(HttpMethod.Post, "/api/ingest", new StringContent(body, new MediaTypeHeaderValue(type)), ("Idempotency-Key", key));

    [Fact]
    public async Task ViewersMayNotIngest()
    {
        using var viewer = await host.ProgramAsync("viewer");

        Assert.Equal(HttpStatusCode.Forbidden, (await viewer.PostTextAsync("/api/ingest", "id,username\n", Csv)).Status);
    }

    internal static async Task<WebHostClient.Answer> PostAsync(WebHostClient program, string body, string type, bool gzipped)
    {
        if (!gzipped)
        {
            return await program.PostTextAsync("/api/ingest", body, type);
        }

        using var content = new ByteArrayContent(Gzip(body)) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } };
        content.Headers.ContentEncoding.Add("gzip");
        return await program.SendAsync(HttpMethod.Post, "/api/ingest", content);
    }

    private static byte[] Gzip(string body)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(body));
        }

        return packed.ToArray();
    }

    private static (int Raw, int Added, int Skipped) Counts(JsonElement answer) =>
        (answer.GetProperty("inserted_raw").GetInt32(), answer.GetProperty("added_to_global").GetInt32(), answer.GetProperty("skipped_existing").GetInt32());

    /// <summary>Everything that an ingest could leave behind, counted.</summary>
    private async Task<string> EverythingAsync() => await host.Postgres.QueryAsync<string>("""
        SELECT concat_ws(' ', (SELECT count(*) FROM jobs), (SELECT count(*) FROM chunks), (SELECT count(*) FROM raw_scraped_profiles), (SELECT count(*) FROM global_usernames),
            (SELECT count(*) FROM pg_class WHERE relname LIKE 'staged\_%' AND relkind = 'r'))
        """);
}
