using OrleansBulk.Ingest;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Tests.Web.Ingest;

/// <summary>Profiles as JSON, wherever the blocks end in which they arrive.</summary>
public sealed class JsonProfilesTests
{
    private const string Entries = """
        {"id": "1", "profile": {"a": 1}, "username": "bob"}
        {"username": "ann", "deep": {"a": [{"b": {}}, []], "c": null}, "id": 2, "more": [], "full_name": "Ann"}
        {"id": {"no": "text"}, "username": "eve"}
        {"username": ["no"], "id": "4"}
        {"full_name": {}, "id": "5", "username": "eve"}
        {"last": {"a": {}}}
        {"id": "7", "username": "joe", "last": {"a": {}}}
        [{"id": "8"}]
        """;

    private const int All = 8;
    private const int Wrong = 5;

    public static TheoryData<string, bool> Bodies => new()
    {
        { Entries, true },
        { $$"""{"of": {"a": [{}]}, "profiles": [{{Entries.ReplaceLineEndings(",")}}], "more": {"b": {} } }""", false },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Entries_AreWhole_WhereverABlockEnds(string body, bool lines)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(body);
        for (var cut = 1; cut < bytes.Length; cut++)
        {
            Assert.Equal($"cut {cut}: {(All, Wrong)}", $"cut {cut}: {await CountAsync(bytes, lines, cut, bytes.Length)}");
        }

        Assert.Equal((All, Wrong), await CountAsync(bytes, lines, [.. Enumerable.Range(1, bytes.Length)]));
    }

    /// <summary>Rows and rejected rows of a body whose blocks end at these places. So small a body is not sent to a database.</summary>
    private static async Task<(int Rows, int Rejected)> CountAsync(byte[] body, bool lines, params int[] ends)
    {
        using var intake = new IngestIntake(null!, null!, null!, new IngestOptions(), TimeProvider.System);
        await using var staged = intake.Receive();
        await using var blocks = new Blocks(body, ends);

        Assert.Null(await new JsonProfiles(staged, lines).ReadAsync(blocks, CancellationToken.None));

        return (staged.Rows, staged.Rejected);
    }

    /// <summary>Gives a text in blocks that end at these places.</summary>
    private sealed class Blocks(byte[] text, int[] ends) : MemoryStream(text)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var end = ends.FirstOrDefault(end => end > Position, (int)Length);
            return ValueTask.FromResult(Read(buffer.Span[..(int)Math.Min(buffer.Length, end - Position)]));
        }
    }
}
