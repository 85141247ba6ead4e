using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Web.Api;

/// <summary><c>POST /api/coding-profiles</c>: what is good is registered, what is not is told by its place, and a body that is not what it says registers nothing.</summary>
public sealed class ApiProfileRegisterTests(WebHost host) : IClassFixture<WebHost>
{
    [Theory]
    [InlineData("application/json", """[{"platform": "codeforces", "handle": "FIRST"}, {"platform": "github", "handle": "FIRST-b", "owner": "Ada"}, {"platform": "CodeForces", "handle": " FIRST ", "other": 1}]""")]
    [InlineData("application/x-ndjson", "{\"platform\": \"codeforces\", \"handle\": \"FIRST\"}\n{\"platform\": \"github\", \"handle\": \"FIRST-b\", \"owner\": \"Ada\"}\n{\"platform\": \"CodeForces\", \"handle\": \" FIRST \"}\n")]
    [InlineData("text/csv", "Handle,Owner,Platform\r\nFIRST,,codeforces\r\n\"FIRST-b\",\"Ada\",github\r\n\r\n FIRST ,,CodeForces\r\n")]
    [InlineData("text/csv; charset=utf-8", "\uFEFFplatform,handle,owner\ncodeforces,FIRST,\ngithub,FIRST-b,Ada\nCodeForces, FIRST ,")]
    public async Task Profiles_AreRegisteredOnce_InEveryFormat(string type, string body)
    {
        using var program = host.Program();
        var handle = $"h{Guid.NewGuid():N}"[..12];
        body = body.Replace("FIRST", handle, StringComparison.Ordinal);

        var first = await program.PostTextAsync("/api/coding-profiles", body, type);
        var again = await program.PostTextAsync("/api/coding-profiles", body, type);

        Assert.Equal("""{"registered":2,"alreadyKnown":1,"rejectedCount":0,"rejected":[]}""", first.Text);
        Assert.Equal("""{"registered":0,"alreadyKnown":3,"rejectedCount":0,"rejected":[]}""", again.Text);
        var stored = (await program.GetAsync($"/api/coding-profiles?q={handle}")).Json.GetProperty("items").EnumerateArray()
            .Select(profile => (profile.GetProperty("platform").GetString(), profile.GetProperty("handle").GetString(), profile.GetProperty("owner").GetString(), profile.GetProperty("state").GetString()));
        Assert.Equal([("codeforces", handle, null, "new"), ("github", handle + "-b", "Ada", "new")], stored);
    }

    [Theory]
    [InlineData("""{"platform": "geocities", "handle": "x"}""", "no platform 'geocities'")]
    [InlineData("""{"platform": "codechef", "handle": "chef"}""", "switched off")]
    [InlineData("""{"handle": "nowhere"}""", "platform is missing")]
    [InlineData("""{"platform": "codeforces"}""", "handle is missing")]
    [InlineData("""{"platform": "codeforces", "handle": ""}""", "handle is missing")]
    [InlineData("""{"platform": "codeforces", "handle": 7}""", "must be texts")]
    [InlineData("7", "not an object")]
    [InlineData("null", "not an object")]
    [InlineData("""{"platform": "codeforces", "handle": "ab"}""", "3 to 24 characters")]
    [InlineData("""{"platform": "codeforces", "handle": "tab\there"}""", "U+0009")]
    [InlineData("""{"platform": "codeforces", "handle": "bell\u0007"}""", "U+0007")]
    [InlineData("""{"platform": "codeforces", "handle": "nul\u0000nul"}""", "U+0000")]
    [InlineData("""{"platform": "codeforces", "handle": "back\u202Ewards"}""", "only Latin letters")]
    [InlineData("""{"platform": "codeforces", "handle": "half\ud800half"}""", "half a character")]
    [InlineData("""{"platform": "codeforces", "handle": "owned", "owner": "a\u0000b"}""", "no control characters")]
    public async Task EntryThatIsWrong_IsRejectedByItsPlace_AndTheOthersAreTaken(string wrong, string reason)
    {
        using var program = host.Program();
        var (before, after) = ($"a{Guid.NewGuid():N}"[..20], $"z{Guid.NewGuid():N}"[..20]);
        var (good1, good2) = ($$"""{"platform": "codeforces", "handle": "{{before}}"}""", $$"""{"platform": "codeforces", "handle": "{{after}}"}""");

        foreach (var (type, body) in new[] { ("application/json", $"[{good1},{wrong},{good2}]"), ("application/x-ndjson", $"{good1}\n{wrong}\n{good2}\n") })
        {
            var answer = (await program.PostTextAsync("/api/coding-profiles", body, type)).Json;
            Assert.Equal((2, 1), (answer.GetProperty("registered").GetInt32() + answer.GetProperty("alreadyKnown").GetInt32(), answer.GetProperty("rejectedCount").GetInt32()));
            var rejected = Assert.Single(answer.GetProperty("rejected").EnumerateArray());
            Assert.Equal(1, rejected.GetProperty("index").GetInt32());
            Assert.Contains(reason, rejected.GetProperty("reason").GetString(), StringComparison.Ordinal);
        }

        Assert.Equal(2, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM coding_profiles WHERE handle IN ($1, $2)", before, after));
    }

    [Fact]
    public async Task CsvLinesThatAreWrong_AreRejectedByTheirPlace()
    {
        using var program = host.Program();
        var handle = $"c{Guid.NewGuid():N}"[..20];

        var answer = (await program.PostTextAsync("/api/coding-profiles", $"platform,handle\ncodeforces,{handle}\ncodeforces\ncodeforces,=1+1\ngithub,{handle}\n", "text/csv")).Json;

        Assert.Equal((2, 2), (answer.GetProperty("registered").GetInt32(), answer.GetProperty("rejectedCount").GetInt32()));
        Assert.Equal([(1, "line 3 has 1 columns"), (2, "'='")], answer.GetProperty("rejected").EnumerateArray().Select(rejected => (rejected.GetProperty("index").GetInt32(), rejected.GetProperty("reason").GetString()!))
            .Select(rejected => (rejected.Item1, rejected.Item2.Contains("line 3 has 1 columns", StringComparison.Ordinal) ? "line 3 has 1 columns" : rejected.Item2.Contains("'='", StringComparison.Ordinal) ? "'='" : rejected.Item2)));
    }

    [Fact]
    public async Task RejectedEntries_AreCountedAll_AndListedUpToAThousand()
    {
        using var program = host.Program();

        var answer = (await program.PostAsync("/api/coding-profiles", Enumerable.Range(0, 1500).Select(_ => new { platform = "codeforces", handle = "!" }))).Json;

        Assert.Equal((0, 1500, 1000), (answer.GetProperty("registered").GetInt32(), answer.GetProperty("rejectedCount").GetInt32(), answer.GetProperty("rejected").GetArrayLength()));
    }

    [Theory]
    [InlineData("application/json", """[{"platform": "codeforces", "handle": "cut_off_1"}, {"platf""", "near entry 1")]
    [InlineData("application/json", """{"platform": "codeforces", "handle": "cut_off_1"}""", "array")]
    [InlineData("application/json", "[]", "no profiles in it")]
    [InlineData("application/json", "", "near entry 0")]
    [InlineData("application/x-ndjson", "{\"platform\": \"codeforces\", \"handle\": \"cut_off_1\"}\n{\"platf", "near entry 1")]
    [InlineData("application/x-ndjson", "", "no profiles in it")]
    [InlineData("text/csv", "name,site\nann,codeforces\n", "no columns platform and handle")]
    [InlineData("text/csv", "platform,handle\n", "no profiles in it")]
    [InlineData("text/csv", "", "no columns platform and handle")]
    [InlineData("text/csv", "platform,handle\ncodeforces,cut_off_1\ncodeforces,a\0b\n", "not CSV in UTF-8")]
    public async Task BodyThatIsNotWhatItSays_RegistersNothing(string type, string body, string expected)
    {
        using var program = host.Program();

        Assert.Contains(expected, (await program.PostTextAsync("/api/coding-profiles", body, type)).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);

        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM coding_profiles WHERE handle = 'cut_off_1'"));
    }

    [Fact]
    public async Task CsvThatIsAPng_IsCalledNoText()
    {
        using var program = host.Program();
        byte[] png = [0x89, .. "PNG\r\n\u001a\n"u8, 0, 0, 0, 13, .. "IHDR"u8, 0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1F, 0x15, 0xC4, 0x89];
        using var body = new ByteArrayContent(png) { Headers = { ContentType = new MediaTypeHeaderValue("text/csv") } };

        Assert.Contains("not CSV in UTF-8", (await program.SendAsync(HttpMethod.Post, "/api/coding-profiles", body)).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TextAcrossTheEdgeOfABuffer_IsStillText()
    {
        using var program = host.Program();
        var handle = $"e{Guid.NewGuid():N}"[..20];
        var csv = new StringBuilder("platform,handle,owner\n");
        for (var i = 0; i < 2000; i++)
        {
            csv.Append(System.Globalization.CultureInfo.InvariantCulture, $"codeforces,{handle}{i},Zoë 🐘 {new string('é', i % 7)}\n"); // characters of 2 and 4 bytes at every offset
        }

        Assert.Equal(2000, (await program.PostTextAsync("/api/coding-profiles", csv.ToString(), "text/csv")).Json.GetProperty("registered").GetInt32());
        Assert.Equal(2000, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM coding_profiles WHERE handle LIKE $1 AND owner LIKE 'Zoë 🐘%'", handle + "%"));
    }

    [Theory]
    [InlineData("text/plain", "'text/plain'")]
    [InlineData("image/png", "'image/png'")]
    [InlineData("application/json; charset=utf-16", "utf-16")]
    public async Task FormatThatIsNotRead_Is415_AndNamesThoseThatAre(string type, string expected)
    {
        using var program = host.Program();

        Assert.Contains(expected, (await program.PostTextAsync("/api/coding-profiles", "[]", type)).Problem(HttpStatusCode.UnsupportedMediaType), StringComparison.Ordinal);
    }

    public static TheoryData<string, string> HalfBodies => new()
    {
        { "/api/coding-profiles", """[{"platform": "codeforces", "handle": "half_sent_1"},""" },
        { "/api/jobs", """{"workload": "test", "spec": {"items": 7},""" },
        { "/api/coding-profiles/admin/bulk-refresh", """{"filter": {},""" },
    };

    [Theory]
    [MemberData(nameof(HalfBodies))]
    public async Task BodyCutOnItsWay_ByAProxyThatEndsItProperly_GetsASentence(string path, string half)
    {
        using var program = host.Program();
        var jobs = await host.Postgres.QueryAsync<long>("SELECT count(*) FROM jobs");

        var answer = await SendRawAsync(path, "Transfer-Encoding: chunked", $"{half.Length:x}\r\n{half}\r\n0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 400", answer, StringComparison.Ordinal);
        Assert.Contains("application/problem+json", answer, StringComparison.Ordinal);
        Assert.Contains("cut off on its way", answer, StringComparison.Ordinal);
        await AssertNothingTakenAsync(program, jobs);
    }

    /// <summary>Such a client has hung up: no answer can reach it. What counts is that nothing of it was taken.</summary>
    [Theory]
    [MemberData(nameof(HalfBodies))]
    public async Task BodyCutByTheEndOfItsConnection_IsNotTaken(string path, string half)
    {
        using var program = host.Program();
        var jobs = await host.Postgres.QueryAsync<long>("SELECT count(*) FROM jobs");

        foreach (var (header, body) in new[] { ("Content-Length: 1000", half), ("Transfer-Encoding: chunked", $"3e8\r\n{half}") })
        {
            Assert.DoesNotContain("HTTP/1.1 2", await SendRawAsync(path, header, body, hangUp: true), StringComparison.Ordinal);
        }

        await AssertNothingTakenAsync(program, jobs);
    }

    [Fact]
    public async Task WholeBody_SentTheSameWay_IsTaken() =>
        Assert.StartsWith("HTTP/1.1 200", await SendRawAsync("/api/coding-profiles", "Content-Length: 54", """[{"platform": "codeforces", "handle": "whole_sent_1"}]"""), StringComparison.Ordinal);

    [Fact]
    public async Task RequestsWithProfilesInCommon_DoNotLockEachOtherOut()
    {
        using var program = host.Program();
        var handle = $"d{Guid.NewGuid():N}"[..16];
        var profiles = Enumerable.Range(0, 400).Select(number => new { platform = "codeforces", handle = $"{handle}{number}" }).ToArray();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(turn => program.PostAsync("/api/coding-profiles", turn % 2 == 0 ? profiles : profiles.Reverse().ToArray())));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Equal(400, answers.Sum(answer => answer.Json.GetProperty("registered").GetInt32()));
    }

    [Fact]
    public async Task Delete_TakesKnownIds_AndCountsTheOthers()
    {
        using var program = host.Program();
        var handle = $"x{Guid.NewGuid():N}"[..20];
        await program.PostAsync("/api/coding-profiles", new[] { new { platform = "codeforces", handle } });
        var id = (await program.GetAsync($"/api/coding-profiles?q={handle}")).Json.GetProperty("items")[0].GetProperty("id").GetGuid();

        var answer = await program.PostAsync("/api/coding-profiles/delete", new { profileIds = new[] { id, id, Guid.NewGuid() } });

        Assert.Equal("""{"deleted":1,"unknown":1}""", answer.Text);
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM coding_profiles WHERE id = $1", id));
        Assert.True(await host.Postgres.QueryAsync<bool>("SELECT EXISTS (SELECT FROM audit WHERE action = 'profiles.delete')"));
    }

    [Theory]
    [InlineData("""{"profileIds": []}""", "1 to 10,000 ids")]
    [InlineData("""{"profileIds": "all"}""", "1 to 10,000 ids")]
    [InlineData("""{"ids": []}""", "1 to 10,000 ids")]
    [InlineData("[]", "1 to 10,000 ids")]
    [InlineData("""{"profileIds": ["019a2f6e-0000-7000-8000-000000000000", 7]}""", "profileIds[1]")]
    public async Task DeleteThatCannotBe_GetsASentence(string body, string expected)
    {
        using var program = host.Program();

        Assert.Contains(expected, (await program.PostAsync("/api/coding-profiles/delete", body)).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
    }

    /// <summary>Writes a request on a connection of its own, byte by byte as given, and reads what comes.</summary>
    /// <param name="hangUp">Ends the connection's way there at once.</param>
    private async Task<string> SendRawAsync(string path, string header, string body, bool hangUp = false)
    {
        using var socket = new TcpClient(host.Address.Host, host.Address.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: {host.Address.Authority}\r\nX-Api-Key: {WebHost.AdminKey}\r\nContent-Type: application/json\r\nConnection: close\r\n{header}\r\n\r\n{body}"));
        if (hangUp)
        {
            socket.Client.Shutdown(SocketShutdown.Send);
        }

        using var reader = new StreamReader(stream, Encoding.UTF8);
        try
        {
            return await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (IOException) when (hangUp)
        {
            return ""; // the service hung up too, as it may
        }
    }

    private async Task AssertNothingTakenAsync(WebHostClient program, long jobs)
    {
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/api/coding-profiles")).Status);
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM coding_profiles WHERE handle = 'half_sent_1'"));
        Assert.Equal(jobs, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM jobs"));
    }
}
