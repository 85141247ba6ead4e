using OrleansBulk.Hooks;

namespace OrleansBulk.Tests.Hooks;

/// <summary>Finding hooks in a text that streams.</summary>
public sealed class HookReaderTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Hooks_AreThereWithTheirEndTag_HoweverTheTextIsCut(int size)
    {
        const string text = "Sure!\n<hook>First line.\nSecond line.</hook>\n\n<HOOK> Another <b>one</b> </HOOK><hook>  </hook><hook>Unfinished";
        var reader = new HookReader();

        var hooks = text.Chunk(size).SelectMany(piece => reader.Read(new string(piece))).ToList();

        Assert.Equal(["First line.\nSecond line.", "Another <b>one</b>"], hooks);
        Assert.Equal("Unfinished", reader.Unfinished);
    }

    [Fact]
    public void AHook_IsThereBeforeTheNextOneBegins()
    {
        var reader = new HookReader();

        Assert.Empty(reader.Read("<hook>One</hoo"));
        Assert.Equal(["One"], reader.Read("k>"));
        Assert.Null(reader.Unfinished);
    }

    [Fact]
    public void Text_FitForNoDatabase_IsMadeFit()
    {
        Assert.Equal(["a b\uFFFD"], new HookReader().Read("<hook>a\0b\uD800</hook>"));
        Assert.Equal(HookReader.LongestHook, new HookReader().Read($"<hook>{new string('x', 5000)}</hook>")[0].Length);
        var lines = new string('x', HookReader.LongestHook - 2) + "\n\ud83d\ude80"; // the cut falls into the rocket
        Assert.Equal(lines[..^2], new HookReader().Read($"<hook>{lines}</hook>")[0]);
    }
}
