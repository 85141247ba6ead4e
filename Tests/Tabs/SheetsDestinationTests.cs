using System.Globalization;
using OrleansBulk.Simulator.Sheets;
using OrleansBulk.Tabs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Upstreams;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Tabs;

/// <summary>What only spreadsheets have: a grid, quotas, credentials, cells that end. The rest is in <see cref="TabDestinationConformance"/>.</summary>
public sealed class SheetsDestinationTests
{
    private static readonly TabDefinition Tab = TabSamples.Tab();

    [Fact]
    public async Task RowsBelowOneAnother_AreOneRangeOfOneCall()
    {
        await using var sheets = await SheetsHarness.StartAsync();
        await WriteAsync(sheets, TabSamples.Rows(1, 25));
        sheets.Simulator.ResetJournal();

        await WriteAsync(sheets, TabSamples.Rows(26, 50));

        Assert.Equal(1, sheets.Simulator.Journal("sheets").Calls); // no look at the sheet, no token: they are known
    }

    [Fact]
    public async Task TimeOutAfterCommit_DoublesNothing()
    {
        await using var sheets = await SheetsHarness.StartAsync(configure: SheetsHarness.Impatient);
        await WriteAsync(sheets, TabSamples.Rows(1, 10));
        sheets.Simulator.ResetJournal();
        sheets.Fault(""" "kind":"unanswered" """, "values.batchUpdate");

        var result = await WriteAsync(sheets, TabSamples.Rows(11, 20));

        Assert.IsType<CallAnswered<int>>(result);
        Assert.True(sheets.Calls("values.batchUpdate") >= 2, "It was made once.");
        Assert.Equal(21, sheets.Workbook.Rows(Tab.Title).Count);
    }

    [Fact]
    public async Task SheetThatIsMadeInACallWithoutAnswer_IsMadeOnce()
    {
        await using var sheets = await SheetsHarness.StartAsync(configure: SheetsHarness.Impatient);
        sheets.Fault(""" "kind":"unanswered" """, "batchUpdate");

        await WriteAsync(sheets, TabSamples.Rows(1, 10));

        Assert.Equal(["Sheet1", Tab.Title], sheets.Workbook.Titles);
        Assert.Equal(11, sheets.Workbook.Rows(Tab.Title).Count);
    }

    [Fact]
    public async Task GridGrows_BeforeRowsBehindItsEnd_AndKeepsWhatOthersAdded()
    {
        await using var sheets = await SheetsHarness.StartAsync();
        await WriteAsync(sheets, TabSamples.Rows(1, 1));
        Assert.Equal((1000, 7), sheets.Workbook.Size(Tab.Title));
        sheets.Workbook.Put(Tab.Title, "G1500", "mine"); // the grid that was seen is not the grid that is there

        await WriteAsync(sheets, TabSamples.Row(1000), TabSamples.Row(4000));

        Assert.Equal("mine", sheets.Workbook.Cell(Tab.Title, "G1500"));
        Assert.Equal("name 4000", sheets.Workbook.Cell(Tab.Title, "B4001"));
        Assert.True(sheets.Workbook.Size(Tab.Title).Rows is >= 4001 and < 6000);
    }

    [Fact]
    public async Task SheetThatWasMade_IsToldOnce()
    {
        await using var sheets = await SheetsHarness.StartAsync();
        Assert.False(sheets.Destination.TakeMade(Tab));

        await WriteAsync(sheets, TabSamples.Row(1));
        Assert.Equal((true, false), (sheets.Destination.TakeMade(Tab), sheets.Destination.TakeMade(Tab)));
        await WriteAsync(sheets, TabSamples.Row(2));
        Assert.False(sheets.Destination.TakeMade(Tab));
    }

    [Fact]
    public async Task BlocksOfALostSheet_RestoredSideBySide_MakeItOnce()
    {
        await using var sheets = await SheetsHarness.StartAsync();
        var rows = TabSamples.Rows(1, 6000);

        await Task.WhenAll(rows.Chunk(2000).Select((block, number) => sheets.Destination.RestoreAsync(Tab, (number * 2000) + 1, block, number == 2, UpstreamTests.Budget(), CancellationToken.None)));

        Assert.Equal(6001, sheets.Workbook.Rows(Tab.Title).Count);
        Assert.True(sheets.Workbook.Size(Tab.Title).Rows < 12_000);
        Assert.Equal(["Sheet1", Tab.Title], sheets.Workbook.Titles);
    }

    [Fact]
    public async Task FullSpreadsheet_IsSaidInWords()
    {
        await using var sheets = await SheetsHarness.StartAsync();
        sheets.Workbook.AddSheet("Others", 998_000, 10);

        var refused = Assert.IsType<CallRefused>(await WriteAsync(sheets, TabSamples.Row(5000)));

        Assert.Contains("full", refused.Reason, StringComparison.Ordinal);
        Assert.Contains("10,000,000 cells", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TextLongerThanACell_IsAnErrorInWords_AndNothingIsCut()
    {
        await using var sheets = await SheetsHarness.StartAsync();

        var result = await WriteAsync(sheets, TabSamples.Row(1), TabSamples.Row(2, "2", new string('x', 50_001), ""));

        var missing = Assert.IsType<CallMissing>(result);
        Assert.Equal("Row 2, column 'Column 2': 50,001 characters; a cell of a spreadsheet holds 50,000. Shorten the text, or leave the column out.", missing.Message);
        Assert.Equal(0, sheets.Simulator.Journal("sheets").Calls);
        Assert.IsType<CallAnswered<int>>(await WriteAsync(sheets, TabSamples.Row(2, "2", new string('x', 50_000), "")));
    }

    [Fact]
    public async Task TextLongerThanACell_KeepsNoOtherRowFromBeingPutRight()
    {
        await using var sheets = await SheetsHarness.StartAsync();

        var result = await sheets.Destination.RestoreAsync(
            Tab, 1, [TabSamples.Row(1), TabSamples.Row(2, "2", new string('x', 60_000), ""), TabSamples.Row(3)], true, UpstreamTests.Budget(), CancellationToken.None);

        Assert.Contains("Row 2, column 'Column 2'", Assert.IsType<CallMissing>(result).Message, StringComparison.Ordinal);
        Assert.Equal(["Column 1|Column 2|Column 3", "1|name 1|mail1@example.org", "", "3|name 3|mail3@example.org"], sheets.Workbook.Rows(Tab.Title).Select(row => string.Join('|', row)));
    }

    [Fact]
    public async Task LargeRows_GoInCallsOfTwoMegabytesAtMost()
    {
        await using var sheets = await SheetsHarness.StartAsync();
        var wide = TabSamples.Tab(columns: 30);
        var rows = Enumerable.Range(1, 4).Select(position => new TabRow(position, [.. Enumerable.Range(1, 30).Select(column => new string((char)('a' + column % 26), 49_000) + "é" + position)])).ToArray();

        Assert.IsType<CallAnswered<int>>(await sheets.Destination.WriteAsync(wide, rows, UpstreamTests.Budget(), CancellationToken.None));

        Assert.InRange(sheets.Simulator.Sheets.LargestBody, 1_000_000, 2_000_000);
        Assert.Equal(rows.Select(row => row.Cells!), sheets.Workbook.Rows(wide.Title).Skip(1));

        // An answer of all of them is more than is read at once: it is read in halves.
        sheets.Workbook.Put(wide.Title, "C3", "spoiled");
        var many = Enumerable.Range(1, 16).Select(position => new TabRow(position, rows[(position - 1) % 4].Cells)).ToArray();
        Assert.Equal(13, Assert.IsType<CallAnswered<int>>(await sheets.Destination.RestoreAsync(wide, 1, many, true, UpstreamTests.Budget(), CancellationToken.None)).Value);
        Assert.Equal(0, Assert.IsType<CallAnswered<int>>(await sheets.Destination.RestoreAsync(wide, 1, many, true, UpstreamTests.Budget(), CancellationToken.None)).Value);
        Assert.Equal(many.Select(row => row.Cells!), sheets.Workbook.Rows(wide.Title).Skip(1));
    }

    [Fact]
    public async Task Header_IsRepairedByTheFirstWriteOfANewSilo()
    {
        await using var sheets = await SheetsHarness.StartAsync();
        await WriteAsync(sheets, TabSamples.Rows(1, 3));
        sheets.Workbook.Put(Tab.Title, "B1", "mine");
        using var other = sheets.Other();

        await other.WriteAsync(Tab, TabSamples.Rows(4, 4), UpstreamTests.Budget(), CancellationToken.None);

        Assert.Equal("Column 2", sheets.Workbook.Cell(Tab.Title, "B1"));
    }

    [Fact]
    public async Task Limits_AreKept_ForReadsAndWritesApart()
    {
        // 8 of each in any two seconds instead of 60 a minute: the same arithmetic.
        await using var sheets = await SheetsHarness.StartAsync(
            """ "latency":null,"quota":{"limit":8,"anonymousLimit":8,"windowSeconds":2,"status":429,"headers":false} """,
            configure: options => options with { Limits = CallLimit.ParseList("8 per 2s") });

        for (var round = 0; round < 15; round++)
        {
            using var fresh = sheets.Other(); // reads too
            Assert.IsType<CallAnswered<int>>(await fresh.WriteAsync(Tab, TabSamples.Rows((round * 3) + 1, (round * 3) + 3), UpstreamTests.Budget(), CancellationToken.None));
        }

        var journal = sheets.Simulator.Journal("sheets");
        Assert.Equal(0, journal.Refused.Total);
        Assert.True(Most("values.batchUpdate", "batchUpdate") <= 8);
        Assert.True(Most("values.get", "spreadsheets.get") <= 8);
        Assert.True(Most("values.get", "spreadsheets.get", "values.batchUpdate", "batchUpdate") > 8); // each has a gate of its own

        int Most(params string[] operations)
        {
            var arrivals = sheets.Simulator.Calls(upstream: "sheets").Calls.Where(call => operations.Contains(call.Operation)).Select(call => call.AtMs).Order().ToList();
            return arrivals.Max(start => arrivals.Count(at => at >= start && at < start + 2000));
        }
    }

    [Fact]
    public async Task OverQuota_WaitsForTheNextPeriod_AndSpendsNoAttempt()
    {
        await using var sheets = await SheetsHarness.StartAsync(configure: options => options with { Limits = CallLimit.ParseList("60 per 1m") });
        await WriteAsync(sheets, TabSamples.Rows(1, 3));
        sheets.Fault(""" "kind":"overLimit" """, "values.batchUpdate");

        var deferred = Assert.IsType<CallDeferred>(await WriteAsync(sheets, TabSamples.Rows(4, 6)));

        Assert.Equal(0, deferred.Attempts);
        Assert.Contains("Write requests per minute per user", deferred.Reason, StringComparison.Ordinal);
        var next = Assert.IsType<CallDeferred>(await WriteAsync(sheets, 10, TabSamples.Rows(4, 6)));
        Assert.InRange(next.After, TimeSpan.FromSeconds(50), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task SpreadsheetThatIsNotShared_IsSaidInWords()
    {
        await using var sheets = await SheetsHarness.StartAsync();
        sheets.Workbook.Shared = false;

        var refused = Assert.IsType<CallRefused>(await WriteAsync(sheets, TabSamples.Rows(1, 1)));

        Assert.Contains("tab-sync@simulated.iam.gserviceaccount.com", refused.Reason, StringComparison.Ordinal);
        Assert.Contains("Share it", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SpreadsheetThatIsNotThere_IsSaidInWords()
    {
        await using var sheets = await SheetsHarness.StartAsync();
        using var other = sheets.Other("no-such-id");

        var refused = Assert.IsType<CallRefused>(await other.WriteAsync(Tab, TabSamples.Rows(1, 1), UpstreamTests.Budget(), CancellationToken.None));

        Assert.Equal("There is no spreadsheet 'no-such-id' (Requested entity was not found.). Check Tabs:Sheets:SpreadsheetId.", refused.Reason);
    }

    [Fact]
    public async Task RevokedToken_IsReplaced()
    {
        await using var sheets = await SheetsHarness.StartAsync();
        await WriteAsync(sheets, TabSamples.Rows(1, 1));
        sheets.Simulator.Sheets.RevokeTokens();

        Assert.IsType<CallAnswered<int>>(await WriteAsync(sheets, TabSamples.Rows(2, 2)));

        Assert.Equal(2, sheets.Calls("token"));
    }

    [Fact]
    public async Task TokensThatNeverHold_EndInWords()
    {
        await using var sheets = await SheetsHarness.StartAsync();
        sheets.Simulator.Sheets.TokenLife = TimeSpan.Zero;

        Assert.StartsWith("Google refuses the token of the service account", Assert.IsType<CallRefused>(await WriteAsync(sheets, TabSamples.Rows(1, 1))).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_IsKeptUntilAMinuteBeforeItsEnd()
    {
        var clock = new ManualTime();
        await using var sheets = await SheetsHarness.StartAsync(clock: clock);
        await WriteAsync(sheets, TabSamples.Rows(1, 1));

        clock.Advance(TimeSpan.FromSeconds(3538));
        await WriteAsync(sheets, TabSamples.Rows(2, 2));
        Assert.Equal(1, sheets.Calls("token"));

        clock.Advance(TimeSpan.FromSeconds(2));
        await WriteAsync(sheets, TabSamples.Rows(3, 3));
        Assert.Equal(2, sheets.Calls("token"));
    }

    [Fact]
    public async Task ManyWhoNeedAToken_AskForOne()
    {
        await using var sheets = await SheetsHarness.StartAsync(""" "latency":{"meanMs":30},"quota":null """);

        await Task.WhenAll(Enumerable.Range(1, 8).Select(number =>
            sheets.Destination.WriteAsync(TabSamples.Tab($"tab-{number}", string.Create(CultureInfo.InvariantCulture, $"Tab {number}")), TabSamples.Rows(1, 2), UpstreamTests.Budget(), CancellationToken.None)));

        Assert.Equal(1, sheets.Calls("token"));
        Assert.Equal(9, sheets.Workbook.Titles.Count);
    }

    [Fact]
    public async Task KeyOfAnotherAccount_IsRefusedInWords_AndTheKeyIsInNone()
    {
        await using var sheets = await SheetsHarness.StartAsync();
        File.WriteAllText(sheets.KeyFile, new SheetsWorld().KeyFile); // the same account, a key that nobody knows

        var refused = Assert.IsType<CallRefused>(await WriteAsync(sheets, TabSamples.Rows(1, 1)));

        Assert.Equal(
            "Google refuses the service account tab-sync@simulated.iam.gserviceaccount.com: Invalid JWT Signature. (invalid_grant). Check the key in Tabs:Sheets:KeyFile and the clock of this machine.",
            refused.Reason);
    }

    [Theory]
    [InlineData("no json", "it is not JSON")]
    [InlineData("{}", "it has no client_email")]
    [InlineData("""{"client_email":"a@b"}""", "it has no private_key")]
    [InlineData("""{"client_email":"a@b","private_key":"SECRET"}""", "its private_key is no RSA key")]
    public async Task FileThatIsNoKey_IsSaidInWords_WithoutWhatStandsInIt(string file, string problem)
    {
        await using var sheets = await SheetsHarness.StartAsync();
        File.WriteAllText(sheets.KeyFile, file);

        var refused = Assert.IsType<CallRefused>(await WriteAsync(sheets, TabSamples.Rows(1, 1)));

        Assert.Equal($"Tabs:Sheets:KeyFile is '{sheets.KeyFile}', which cannot be used: {problem}.", refused.Reason);
        Assert.Equal(0, sheets.Simulator.Journal("sheets").Calls);
    }

    [Fact]
    public async Task MissingKeyFile_IsSaidInWords()
    {
        await using var sheets = await SheetsHarness.StartAsync();
        using var other = sheets.Other(keyFile: "/no/such/key.json");

        var refused = Assert.IsType<CallRefused>(await other.WriteAsync(Tab, TabSamples.Rows(1, 1), UpstreamTests.Budget(), CancellationToken.None));

        Assert.StartsWith("Tabs:Sheets:KeyFile is '/no/such/key.json', which cannot be used: ", refused.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "abc", "Tabs:Sheets:KeyFile is ''")]
    [InlineData("key.json", "", "Tabs:Sheets:SpreadsheetId is ''")]
    [InlineData("key.json", "../abc", "Tabs:Sheets:SpreadsheetId is '../abc'")]
    public void Options_AreChecked(string keyFile, string spreadsheet, string problem)
    {
        var error = Assert.Throws<InvalidOperationException>(new SheetsOptions { KeyFile = keyFile, SpreadsheetId = spreadsheet }.Validate);

        Assert.StartsWith(problem, error.Message, StringComparison.Ordinal);
    }

    private static Task<CallResult> WriteAsync(SheetsHarness sheets, params TabRow[] rows) => WriteAsync(sheets, 60, rows);

    private static Task<CallResult> WriteAsync(SheetsHarness sheets, double waitSeconds, params TabRow[] rows) =>
        sheets.Destination.WriteAsync(Tab, rows, UpstreamTests.Budget(waitSeconds), CancellationToken.None);
}
