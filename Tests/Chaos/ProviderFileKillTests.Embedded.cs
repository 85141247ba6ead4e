using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using OrleansBulk.Simulator;
using OrleansBulk.Tests.Providers.Files;
using OrleansBulk.Tests.Support;
using Xunit.Abstractions;

namespace OrleansBulk.Tests.Chaos;

/// <summary>The service killed with kill -9 in the middle of a file of providers, plain and zipped. The long form (500,000 lines, ten kills) runs with <c>BULK_LONG_TESTS=1</c>.</summary>
public sealed class ProviderFileKillTests(ITestOutputHelper output)
{
    private static readonly bool Long = Environment.GetEnvironmentVariable("BULK_LONG_TESTS") == "1";
    private static readonly int Lines = Long ? 500_000 : 120_000;
    private static readonly int Kills = Long ? 10 : 3;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Kill_WhileLoading_LosesNoLine_AndCountsNoneTwice(bool zipped)
    {
        var folder = Directory.CreateTempSubdirectory("provider-file-kill");
        await using var simulator = await RunningSimulator.StartAsync("{}");
        await using var postgres = await PostgresDatabase.CreateAsync();
        await using var service = await ServiceProcess.StartAsync(postgres.ConnectionString, simulator.Address, ("ProviderFiles__UploadFolder", folder.FullName));
        var gate = await MergeGate.BuildAsync(postgres, "provider_files", "lines");
        var id = await StartAsync(service, zipped);

        var random = new Random(5);
        var (read, partly) = (0L, 0);
        for (var kill = 1; kill <= Kills; kill++)
        {
            if (kill % 2 == 0)
            {
                await ServiceProcess.UntilAsync("another merge is committed", async () => await ReadAsync(postgres, id) > read);
            }

            await Task.Delay(random.Next(10, 300)); // wherever it is by then
            await service.KillAsync();
            read = await ReadAsync(postgres, id);
            partly += read > 0 && read < Lines ? 1 : 0;
            output.WriteLine($"kill {kill}: {read} lines committed");
            await gate.PassOneAsync(read);
            await service.StartAsync();
        }

        await gate.OpenAsync();
        Assert.True(partly > 0, "No kill met a file that was loaded in part: the test says nothing.");
        await service.EndAsync(id);
        var result = await service.Http.GetFromJsonAsync<JsonElement>($"/api/providers/file/{id}");
        var rejected = Lines / 1000;
        Assert.Equal((Lines, Lines - rejected, 0, 0, rejected), (Count("lines"), Count("created"), Count("updated"), Count("unchanged"), Count("rejected")));
        Assert.True((await service.LedgerAsync(id)).GetProperty("balanced").GetBoolean());
        Assert.Equal(Lines - rejected, await postgres.QueryAsync<long>("SELECT count(*) FROM providers WHERE name = 'SAMPLE' || (npi / 10 - 100000000) || ', ANNA'"));
        Assert.Equal(rejected, await postgres.QueryAsync<long>("SELECT count(*) FROM provider_file_rejections WHERE line % 1000 = 2"));
        await ServiceProcess.UntilAsync("the upload is deleted", () => Task.FromResult(folder.GetFiles().Length == 0));
        folder.Delete(recursive: true);

        int Count(string name) => result.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task Kill_WhileReceiving_LeavesNoJob()
    {
        var folder = Directory.CreateTempSubdirectory("provider-file-kill");
        await using var simulator = await RunningSimulator.StartAsync("{}");
        await using var postgres = await PostgresDatabase.CreateAsync();
        await using var service = await ServiceProcess.StartAsync(postgres.ConnectionString, simulator.Address, ("ProviderFiles__UploadFolder", folder.FullName));
        var body = new MemoryStream(Encoding.UTF8.GetBytes(NppesFile.Header(NppesFile.Header2021)));
        var sending = service.Http.PostAsync("/api/providers/file", new StreamContent(new Unending(body)));
        await ServiceProcess.UntilAsync("the upload is on its disk", () => Task.FromResult(folder.GetFiles().Length == 1));

        await service.KillAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => sending);
        await service.StartAsync();

        Assert.Equal(0, await postgres.QueryAsync<long>("SELECT count(*) FROM jobs"));
        folder.Delete(recursive: true);
    }

    private static Task<long> ReadAsync(PostgresDatabase postgres, Guid id) => postgres.QueryAsync<long>("SELECT lines FROM provider_files WHERE job_id = $1", id);

    private static async Task<Guid> StartAsync(ServiceProcess service, bool zipped)
    {
        using HttpContent content = zipped ? new ByteArrayContent(NppesFile.Zip(FileLines())) : new WrittenContent("text/csv", async stream =>
        {
            await using var body = new StreamWriter(stream, leaveOpen: true);
            foreach (var line in FileLines())
            {
                await body.WriteAsync(line);
            }
        });
        using var response = await service.Http.PostAsync("/api/providers/file", content);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    /// <summary>The header, and lines of which the first of each thousand has a wrong check digit.</summary>
    private static IEnumerable<string> FileLines()
    {
        var header = NppesFile.Header2025;
        yield return NppesFile.Header(header) + "\n";
        var template = NppesFile.Line(header, NppesFile.Person(0)).Replace(NppesFile.Npi(0).ToString(), "NPI").Replace("SAMPLE0", "LAST");
        for (var n = 0; n < Lines; n++)
        {
            yield return template.Replace("NPI", n % 1000 == 0 ? "1234567890" : NppesFile.Npi(n).ToString()).Replace("LAST", $"SAMPLE{n}") + "\n";
        }
    }

    /// <summary>Some bytes, and then more and more of them, slowly.</summary>
    private sealed class Unending(Stream first) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (await first.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            {
                return read;
            }

            await Task.Delay(20, cancellationToken);
            buffer.Span.Fill((byte)'\n');
            return buffer.Length;
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
