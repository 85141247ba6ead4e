using System.Text;
using OrleansBulk.Tabs;
using OrleansBulk.Tests.Upstreams;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Tabs;

/// <summary>What only files have: names, a swap, a folder. The rest is in <see cref="TabDestinationConformance"/>.</summary>
public sealed class FilesDestinationTests : IDisposable
{
    private static readonly TabDefinition Tab = TabSamples.Tab();
    private readonly string _folder = TabSamples.Folder();
    private readonly FilesDestination _files;

    public FilesDestinationTests() => _files = new FilesDestination(new FilesOptions { Folder = _folder });

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task File_IsUtf8WithoutAMark_InTheWordsOfRfc4180()
    {
        await PublishAsync(TabSamples.Row(1, "1", "a \"b\", c", "=1+1"), TabSamples.Cleared(2), TabSamples.Row(3, "", "é", "two\nlines"));

        Assert.Equal("Column 1,Column 2,Column 3\r\n1,\"a \"\"b\"\", c\",'=1+1\r\n,é,\"two\nlines\"\r\n", Encoding.UTF8.GetString(await File.ReadAllBytesAsync(_files.PathsOf(Tab)[0])));
    }

    [Theory]
    [InlineData("-5", "-5")]
    [InlineData("-0.25", "-0.25")]
    [InlineData("-5+3", "'-5+3")]
    [InlineData("+5", "'+5")]
    [InlineData("-", "'-")]
    public async Task NegativeNumber_InAColumnOfNumbers_IsANumber(string cell, string written)
    {
        await PublishAsync(TabSamples.Row(1, cell, cell, ""));

        var line = (await File.ReadAllLinesAsync(_files.PathsOf(Tab)[0]))[1];
        Assert.Equal($"{written},'{cell},", line);
    }

    [Fact]
    public async Task Reader_SeesTheOldFile_UntilTheNewOneIsWhole()
    {
        await PublishAsync(TabSamples.Rows(1, 3));
        var old = await File.ReadAllTextAsync(_files.PathsOf(Tab)[0]);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var isHalfDone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        var publishing = _files.PublishAsync(Tab, Halting(), CancellationToken.None);
        await isHalfDone.Task.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(old, await File.ReadAllTextAsync(_files.PathsOf(Tab)[0]));
        goOn.SetResult();
        await publishing;
        Assert.Equal(20_001, (await File.ReadAllLinesAsync(_files.PathsOf(Tab)[0])).Length);

        async IAsyncEnumerable<TabRow> Halting()
        {
            foreach (var row in TabSamples.Rows(1, 20_000))
            {
                if (row.Position == 15_000)
                {
                    isHalfDone.SetResult();
                    await goOn.Task;
                }

                yield return row;
            }
        }
    }

    [Fact]
    public async Task BrokenOff_LeavesTheOldFile_AndNothingBeside()
    {
        await PublishAsync(TabSamples.Rows(1, 3));
        var old = await File.ReadAllTextAsync(_files.PathsOf(Tab)[0]);
        using var stop = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _files.PublishAsync(Tab, Stopping(), stop.Token));

        Assert.Equal(old, await File.ReadAllTextAsync(_files.PathsOf(Tab)[0]));
        Assert.Equal([_files.PathsOf(Tab)[0]], Directory.GetFiles(_folder));

        async IAsyncEnumerable<TabRow> Stopping()
        {
            yield return TabSamples.Row(1);
            await stop.CancelAsync();
            stop.Token.ThrowIfCancellationRequested();
        }
    }

    [Fact]
    public async Task LeftOversOfAKilledWriter_AreRemoved_AndNothingElseIs()
    {
        var mine = Path.Combine(_folder, $".User profiles.csv.{Guid.NewGuid():N}.tmp");
        string[] others = [Path.Combine(_folder, $".Other.csv.{Guid.NewGuid():N}.tmp"), Path.Combine(_folder, ".User profiles.csv.mine.tmp"), Path.Combine(_folder, "User profiles.csv.bak")];
        foreach (var file in others.Append(mine))
        {
            await File.WriteAllTextAsync(file, "half");
        }

        await PublishAsync(TabSamples.Rows(1, 3));

        Assert.False(File.Exists(mine));
        Assert.All(others, file => Assert.True(File.Exists(file), file));
    }

    [Theory]
    [InlineData("Quiz: answers?")]
    [InlineData("../outside")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    [InlineData("dot.")]
    public void TitleThatIsNoFileName_GivesWayToTheName(string title) =>
        Assert.Equal(Path.Combine(_folder, "user-profiles.csv"), _files.PathsOf(TabSamples.Tab(title: title))[0]);

    [Fact]
    public async Task FolderThatCannotBeWritten_IsSaidInWords()
    {
        var file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "");
        var files = new FilesDestination(new FilesOptions { Folder = Path.Combine(file, "below") });

        var refused = Assert.IsType<CallRefused>(await files.WriteAsync(Tab, TabSamples.Rows(1, 1), UpstreamTests.Budget(), CancellationToken.None));
        var error = await Assert.ThrowsAsync<IOException>(() => files.PublishAsync(Tab, TabSamples.Stream([]), CancellationToken.None));

        Assert.Equal(refused.Reason, error.Message);
        Assert.StartsWith($"The folder '{Path.Combine(file, "below")}' cannot be written: ", refused.Reason, StringComparison.Ordinal);
        Assert.EndsWith("Check Tabs:Files:Folder, and that this service may write there.", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ManyRows_AreHeldNeitherAsRowsNorAsText()
    {
        const int Rows = 300_000, Text = 48; // characters of a line, and more
        string[] cells = ["1", "somebody with a name", "somebody@example.org"];
        var seen = new List<WeakReference>();
        var (held, written) = (0, 0L);

        await _files.PublishAsync(Tab, Many(), CancellationToken.None);

        Assert.True(held < seen.Count / 4, $"{held} of {seen.Count} rows that were looked at are held to the end.");
        var length = new FileInfo(_files.PathsOf(Tab)[0]).Length;
        Assert.InRange(length, Rows * 40L, Rows * (long)Text);
        Assert.True(length - written < 1_000_000, $"{(length - written) / 1e6:0.0} MB of text were not in the file when its last row came.");

        async IAsyncEnumerable<TabRow> Many()
        {
            for (var position = 1; position < Rows; position++)
            {
                yield return position % 1000 == 0 ? Watched(position) : new TabRow(position, cells);
            }

            await Task.Yield();
            GC.Collect();
            held = seen.Count(row => row.IsAlive);
            written = new FileInfo(Directory.GetFiles(_folder, ".*.tmp").Single()).Length;
            yield return new TabRow(Rows, cells);
        }

        TabRow Watched(int position)
        {
            var row = new TabRow(position, cells);
            seen.Add(new WeakReference(row));
            return row;
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("a\0b")]
    public void Options_AreChecked(string folder) =>
        Assert.StartsWith("Tabs:Files:Folder is '", Assert.Throws<InvalidOperationException>(new FilesOptions { Folder = folder }.Validate).Message, StringComparison.Ordinal);

    [Fact]
    public void UnknownForm_IsRefused() =>
        Assert.Equal("Tabs:Files:Format is 'ods'; it must be csv, xlsx or both.", Assert.Throws<InvalidOperationException>(new FilesOptions { Format = "ods" }.Validate).Message);

    private Task PublishAsync(params TabRow[] rows) => _files.PublishAsync(Tab, TabSamples.Stream(rows), CancellationToken.None);
}
