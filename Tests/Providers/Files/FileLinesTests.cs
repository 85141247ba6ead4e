using System.Text;
using OrleansBulk.Providers.Files;

namespace OrleansBulk.Tests.Providers.Files;

public sealed class FileLinesTests
{
    private static readonly string[] Names = ["A", "B", "C", "D", "E"];
    private static readonly IReadOnlyList<string[]> Wanted = [["B"], ["E", "F"], ["G"]];

    [Theory]
    [InlineData("\"1\",\"two\",\"\",\"\",\"five\"\n")]
    [InlineData("\"1\",\"two\",\"\",\"\",\"five\"\r\n")]
    [InlineData("\"1\",\"two\",\"\",\"\",\"five\"")]
    [InlineData("1,two,,,five\n")]
    [InlineData("1,two,,,five\r\n")]
    [InlineData("1,two,,,five")]
    [InlineData("\n\r\n\"1\",\"two\",,\"\",five\n\n")]
    public async Task WantedValues_AreRead_HoweverTheLineEndsAndWhetherQuoted(string text)
    {
        var read = await ReadAsync(text);

        var line = Assert.Single(read);
        Assert.Equal((null, "two", "five", ""), (line.Problem, line.B, line.E, line.Missing));
    }

    [Fact]
    public async Task EmptyValues_AreReadWhereverTheyStand()
    {
        var read = await ReadAsync("\"\",\"\",\"\",\"\",\"\"\n\"\",\"b\",\"\",\"\",\"\"\n\"\",\"\",\"\",\"\",\"e\"\n\"a\",\"\",\"c\",\"\",\"\"");

        Assert.Equal([("", ""), ("b", ""), ("", "e"), ("", "")], read.Select(line => (line.B, line.E)));
        Assert.All(read, line => Assert.Null(line.Problem));
    }

    [Fact]
    public async Task ABadLine_IsToldWithTheReason_AndReadingGoesOnBehindIt()
    {
        var read = await ReadAsync("\"1\",\"b1\",\"\",\"\",\"\"\n\"2\",\"b2\",\"\"\n\"3\",\"b\"3\",\"\",\"\",\"\"\n\"4\",\"b4\n\"5\",\"b5\",\"\",\"\",\"\"\n\"6\",\"b\u00006\",\"\",\"\",\"\"\n\"7\",\"b7\",\"\",\"\",\"\"\n");

        Assert.Equal([2L, 3, 4, 5, 6, 7, 8], read.Select(line => line.Line));
        Assert.Equal(["b1", "b5", "b7"], read.Where(line => line.Problem is null).Select(line => line.B));
        Assert.Contains("3 values; the header names 5", read[1].Problem, StringComparison.Ordinal);
        Assert.Contains("column 2 has a quote inside", read[2].Problem, StringComparison.Ordinal);
        Assert.NotNull(read[3].Problem);
        Assert.Contains("UTF-8", read[5].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BytesThatAreNoUtf8_RejectTheirLineOnly()
    {
        var bytes = "1,two,,,five\n2,t"u8.ToArray().Concat([(byte)0xe9]).Concat("o,,,\n3,six,,,\n"u8.ToArray()).ToArray();

        var read = await ReadAsync(bytes);

        Assert.Equal([true, false, true], read.Select(line => line.Problem is null));
    }

    [Fact]
    public async Task AMissingClosingQuoteAtTheEnd_IsOneBadLine() => Assert.Contains("closing quote is missing", Assert.Single(await ReadAsync("\"1\",\"b")).Problem, StringComparison.Ordinal);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public async Task HoweverTheBytesCome_TheLinesAreTheSame_AndOffsetsLeadToThem(int atOnce)
    {
        var text = string.Concat(Enumerable.Range(0, 200).Select(n => n % 17 == 3 ? $"\"{n}\",\"b\"x\",\"\"\n" : $"\"{n}\",\"b{n}\",\"\",\"\",\"{new string('é', n % 5)}\"{(n % 2 == 0 ? "\r\n" : "\n")}"));
        var bytes = Encoding.UTF8.GetBytes(text);

        var whole = await ReadAsync(bytes);
        var dribbled = await ReadAsync(bytes, atOnce);

        Assert.Equal(whole, dribbled);
        Assert.Equal(200, whole.Count);
        for (var line = 0; line < 200; line += 23)
        {
            var again = new FileLines(new MemoryStream(bytes[(int)whole[line].Next..]), new FileColumns(Names, Wanted), whole[line].Next, whole[line].Line + 1);
            Assert.True(await again.ReadAsync(CancellationToken.None));
            Assert.Equal(whole[line + 1], Read(again));
        }

        Assert.Equal(bytes.Length, whole[^1].Next);
    }

    [Fact]
    public async Task ALineLongerThanAnyCanBe_IsNoFileOfNppes()
    {
        var lines = new FileLines(new MemoryStream(new byte[3 * FileLines.LongestLine]), new FileColumns(Names, Wanted), 0, 2);

        var error = await Assert.ThrowsAsync<InvalidDataException>(async () => await lines.ReadAsync(CancellationToken.None));

        Assert.Contains("longer than", error.Message, StringComparison.Ordinal);
    }

    private static Task<List<Taken>> ReadAsync(string text) => ReadAsync(Encoding.UTF8.GetBytes(text));

    private static async Task<List<Taken>> ReadAsync(byte[] bytes, int atOnce = int.MaxValue)
    {
        var lines = new FileLines(new Dribble(bytes, atOnce), new FileColumns(Names, Wanted), 0, 2);
        var read = new List<Taken>();
        while (await lines.ReadAsync(CancellationToken.None))
        {
            read.Add(Read(lines));
        }

        return read;
    }

    private static Taken Read(FileLines lines) => new(lines.Line, lines.Problem, Encoding.UTF8.GetString(lines[0]), Encoding.UTF8.GetString(lines[1]), Encoding.UTF8.GetString(lines[2]), lines.Offset);

    private sealed record Taken(long Line, string? Problem, string B, string E, string Missing, long Next);

    private sealed class Dribble(byte[] bytes, int atOnce) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..Math.Min(atOnce, buffer.Length)], cancellationToken);
    }
}
