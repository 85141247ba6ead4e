using System.Text;
using OrleansBulk.Jobs;

namespace OrleansBulk.Tests.Jobs;

public sealed class ChunkTests
{
    [Fact]
    public void WrittenItems_AreReadAsTheyWere_AndOnlyThosePending()
    {
        var written = Chunk.Write([new PlannedItem("plain", null, "1"), new PlannedItem("with \"quotes\" and 渋谷", "{\"a\":[1,2]}", "2"), new PlannedItem("text", "\"x\"", "3"), new PlannedItem("list", "[1]", "4")]);

        var chunk = Chunk.Read(7, 3500, written.Span, ".s..");

        Assert.Equal([("plain", null, 3500L), ("text", "\"x\"", 3502L), ("list", "[1]", 3503L)], chunk.Items.Select(item => (item.Key, item.Data, item.Ordinal)));
        Assert.Equal(3, chunk.Open);
        Assert.Equal("{\"a\":[1,2]}", Chunk.Read(7, 0, written.Span, "....").Items[1].Data);
    }

    [Fact]
    public void SecondOutcomeForAnItem_IsRefused()
    {
        var chunk = Chunk.Read(1, 0, "[[\"a\"],[\"b\"]]"u8, "..");
        chunk.Settle(1, OutcomeLetter.Succeeded);

        Assert.Throws<InvalidOperationException>(() => chunk.Settle(1, OutcomeLetter.Failed));
        Assert.Equal(".s", chunk.Outcomes);
    }

    [Fact]
    public void ItemsAndOutcomesThatDoNotFit_AreAnError() =>
        Assert.Throws<FormatException>(() => Chunk.Read(1, 0, Encoding.UTF8.GetBytes("[[\"a\"],[\"b\"]]"), "..."));
}
