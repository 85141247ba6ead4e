using System.Text;
using System.Text.Json;
using OrleansBulk.Simulator.Sheets;
using OrleansBulk.Simulator.Worlds;
using OrleansBulk.Tabs;

namespace OrleansBulk.Tests.Simulator;

public class SheetsTests
{
    private const string Root = "/sheets/v4/spreadsheets/" + SheetsWorld.DemoId;

    private static Task<Stage> StartAsync(string members = """ "faults":[] """) => Stage.StartAsync(Stage.Upstream(Platforms.Sheets, members));

    private static async Task<string> TokenAsync(Stage stage)
    {
        var answer = await GrantAsync(stage, GoogleKey.Parse(stage.Simulator.Sheets.KeyFile).Sign(DateTimeOffset.UtcNow));
        return answer.Json.GetProperty("access_token").GetString()!;
    }

    private static Task<Answer> GrantAsync(Stage stage, string assertion) =>
        stage.PostFormAsync("/google-oauth/token", $"grant_type={Uri.EscapeDataString("urn:ietf:params:oauth:grant-type:jwt-bearer")}&assertion={Uri.EscapeDataString(assertion)}");

    private static async Task<Answer> SendAsync(Stage stage, HttpMethod method, string path, string? body = null, string? token = null)
    {
        var request = Stage.Request(method, path, body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"), ("Authorization", $"Bearer {token ?? await TokenAsync(stage)}"));
        return await stage.SendAsync(request);
    }

    private static Task<Answer> WriteAsync(Stage stage, string range, string values, string option = "RAW") => SendAsync(stage, HttpMethod.Post, $"{Root}/values:batchUpdate",
        $$"""{"valueInputOption":"{{option}}","data":[{"range":"{{range}}","majorDimension":"ROWS","values":{{values}}}]}""");

    private static string Error(Answer answer) => answer.Json.GetProperty("error").GetProperty("message").GetString()!;

    [Fact]
    public async Task Metadata_HasTheShapeOfTheRecordedAnswer()
    {
        await using var stage = await StartAsync();

        var answer = await SendAsync(stage, HttpMethod.Get, $"{Root}?includeGridData=false");

        Assert.Equal(["spreadsheetId", "properties", "sheets", "spreadsheetUrl"], answer.Json.EnumerateObject().Select(member => member.Name));
        Assert.Equal(
            """{"properties":{"sheetId":0,"title":"Sheet1","index":0,"sheetType":"GRID","gridProperties":{"rowCount":1000,"columnCount":26}}}""",
            answer.Json.GetProperty("sheets")[0].GetRawText());
        Assert.Equal(["sheets"], (await SendAsync(stage, HttpMethod.Get, $"{Root}?fields=sheets.properties")).Json.EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public async Task BatchUpdateOfValues_AnswersWhatItDid()
    {
        await using var stage = await StartAsync();

        var answer = await WriteAsync(stage, "'Sheet1'!A1:D1", """[["A1","B1","","D1"]]""");

        Assert.Equal(
            $$"""{"spreadsheetId":"{{SheetsWorld.DemoId}}","totalUpdatedRows":1,"totalUpdatedColumns":4,"totalUpdatedCells":4,"totalUpdatedSheets":1,"responses":[{"spreadsheetId":"{{SheetsWorld.DemoId}}","updatedRange":"Sheet1!A1:D1","updatedRows":1,"updatedColumns":4,"updatedCells":4}]}""",
            answer.Body);
    }

    [Fact]
    public async Task Values_AreCutAtTheirEnds_AndAbsentWhereNothingStands()
    {
        await using var stage = await StartAsync();
        await WriteAsync(stage, "Sheet1!A1:C3", """[["A1","",""],["","",""],["A3"]]""");

        Assert.Equal("""{"range":"Sheet1!A1:D4","majorDimension":"ROWS","values":[["A1"],[],["A3"]]}""", (await SendAsync(stage, HttpMethod.Get, $"{Root}/values/%27Sheet1%27%21A1%3AD4")).Body);
        Assert.Equal("""{"range":"Sheet1!F1:G9","majorDimension":"ROWS"}""", (await SendAsync(stage, HttpMethod.Get, $"{Root}/values/Sheet1!F1:G9")).Body);
    }

    [Fact]
    public async Task Null_LeavesACell_AndEmptyTextClearsIt()
    {
        await using var stage = await StartAsync();
        await WriteAsync(stage, "Sheet1!A1:B1", """[["old","old"]]""");

        await WriteAsync(stage, "Sheet1!A1:B1", """[[null,""]]""");

        Assert.Equal(["old"], stage.Simulator.Sheets.Demo.Rows("Sheet1")[0]);
    }

    [Fact]
    public async Task UserEntered_MakesFormulasAndNumbers_RawDoesNot()
    {
        await using var stage = await StartAsync();
        const string values = """[["=1+1","007","@x"]]""";

        await WriteAsync(stage, "Sheet1!A1:C1", values, "USER_ENTERED");
        Assert.True(stage.Simulator.Sheets.Demo.HasFormulas);
        Assert.Equal(7.0, stage.Simulator.Sheets.Demo.Cell("Sheet1", "B1"));
        Assert.Equal("""[7]""", (await SendAsync(stage, HttpMethod.Get, $"{Root}/values/Sheet1!B1?valueRenderOption=UNFORMATTED_VALUE")).Json.GetProperty("values")[0].GetRawText());

        await WriteAsync(stage, "Sheet1!A1:C1", values);
        Assert.False(stage.Simulator.Sheets.Demo.HasFormulas);
        Assert.Equal("007", stage.Simulator.Sheets.Demo.Cell("Sheet1", "B1"));
    }

    [Fact]
    public async Task UpdateClearAndBatchClear_AnswerTheirRanges()
    {
        await using var stage = await StartAsync();

        var update = await SendAsync(stage, HttpMethod.Put, $"{Root}/values/Sheet1!A1:B2?valueInputOption=RAW", """{"values":[["a","b"],["c","d"]]}""");
        Assert.Equal($$"""{"spreadsheetId":"{{SheetsWorld.DemoId}}","updatedRange":"Sheet1!A1:B2","updatedRows":2,"updatedColumns":2,"updatedCells":4}""", update.Body);
        var clear = await SendAsync(stage, HttpMethod.Post, $"{Root}/values/Sheet1!A1:B1:clear", "{}");
        Assert.Equal($$"""{"spreadsheetId":"{{SheetsWorld.DemoId}}","clearedRange":"Sheet1!A1:B1"}""", clear.Body);
        Assert.Equal(["", "c|d"], stage.Simulator.Sheets.Demo.Rows("Sheet1").Select(row => string.Join('|', row)));
        var batch = await SendAsync(stage, HttpMethod.Post, $"{Root}/values:batchClear", """{"ranges":["'Sheet1'!A2:A2"]}""");
        Assert.Equal($$"""{"spreadsheetId":"{{SheetsWorld.DemoId}}","clearedRanges":["Sheet1!A2"]}""", batch.Body);
    }

    [Theory]
    [InlineData("Foo!A1", "Unable to parse range: Foo!A1")]
    [InlineData("Sheet1!A1001", "Range (Sheet1!A1001) exceeds grid limits. Max rows: 1000, max columns: 26")]
    [InlineData("Sheet1!AA1", "Range (Sheet1!AA1) exceeds grid limits. Max rows: 1000, max columns: 26")]
    [InlineData("Sheet1!A999:A1001", "Range (Sheet1!A999:A1001) exceeds grid limits. Max rows: 1000, max columns: 26")]
    public async Task RangeThatIsNotThere_Is400_AndTheGridDoesNotGrow(string range, string message)
    {
        await using var stage = await StartAsync();

        var answer = await WriteAsync(stage, range, """[["x"]]""");

        Assert.Equal($$$"""{"error":{"code":400,"message":"{{{message}}}","status":"INVALID_ARGUMENT"}}""", answer.Body);
        Assert.Equal((1000, 26), stage.Simulator.Sheets.Demo.Size("Sheet1"));
    }

    [Fact]
    public async Task OneBadRange_LeavesAllUndone()
    {
        await using var stage = await StartAsync();

        var answer = await SendAsync(stage, HttpMethod.Post, $"{Root}/values:batchUpdate",
            """{"valueInputOption":"RAW","data":[{"range":"Sheet1!A1","values":[["x"]]},{"range":"Nowhere!A1","values":[["x"]]}]}""");

        Assert.Equal(400, answer.Status);
        Assert.Empty(stage.Simulator.Sheets.Demo.Rows("Sheet1"));
    }

    [Fact]
    public async Task CellHolds50000Characters()
    {
        await using var stage = await StartAsync();

        Assert.Equal(200, (await WriteAsync(stage, "Sheet1!A1", $$"""[["{{new string('x', 50_000)}}"]]""")).Status);
        var answer = await WriteAsync(stage, "Sheet1!A1", $$"""[["{{new string('x', 50_001)}}"]]""");

        Assert.Equal((400, "Your input contains more than the maximum of 50000 characters in a single cell."), (answer.Status, Error(answer)));
    }

    [Fact]
    public async Task AddSheet_AnswersItsProperties_AndRefusesATwin()
    {
        await using var stage = await StartAsync();
        const string request = """{"requests":[{"addSheet":{"properties":{"title":"Leads 2026-01","sheetType":"GRID","gridProperties":{"rowCount":500,"columnCount":20}}}}]}""";

        var added = (await SendAsync(stage, HttpMethod.Post, $"{Root}:batchUpdate", request)).Json.GetProperty("replies")[0].GetProperty("addSheet").GetProperty("properties");
        Assert.Equal(("Leads 2026-01", 1, 500), (added.GetProperty("title").GetString(), added.GetProperty("index").GetInt32(), added.GetProperty("gridProperties").GetProperty("rowCount").GetInt32()));

        var again = await SendAsync(stage, HttpMethod.Post, $"{Root}:batchUpdate", request);
        Assert.Equal((400, "Invalid requests[0].addSheet: A sheet with the name \"Leads 2026-01\" already exists. Please enter another name."), (again.Status, Error(again)));
    }

    [Fact]
    public async Task Grid_GrowsByItsProperties_UpToTenMillionCells()
    {
        await using var stage = await StartAsync();

        var grown = await SendAsync(stage, HttpMethod.Post, $"{Root}:batchUpdate",
            """{"requests":[{"updateSheetProperties":{"properties":{"sheetId":0,"gridProperties":{"rowCount":5000}},"fields":"gridProperties/rowCount"}},{"appendDimension":{"sheetId":0,"dimension":"COLUMNS","length":2}}]}""");
        Assert.Equal($$"""{"spreadsheetId":"{{SheetsWorld.DemoId}}","replies":[{},{}]}""", grown.Body);
        Assert.Equal((5000, 28), stage.Simulator.Sheets.Demo.Size("Sheet1"));

        var full = await SendAsync(stage, HttpMethod.Post, $"{Root}:batchUpdate",
            """{"requests":[{"addSheet":{"properties":{"title":"Small"}}},{"appendDimension":{"sheetId":0,"dimension":"ROWS","length":1000000}}]}""");
        Assert.Equal("Invalid requests[1].appendDimension: This action would increase the number of cells in the workbook above the limit of 10000000 cells.", Error(full));
        Assert.Equal(["Sheet1"], stage.Simulator.Sheets.Demo.Titles); // all or none
    }

    [Fact]
    public async Task WrongCredentialsAndNames_HaveTheirBodies()
    {
        await using var stage = await StartAsync();

        var unknown = await SendAsync(stage, HttpMethod.Get, Root, token: "ya29.unknown");
        Assert.Equal((401, "UNAUTHENTICATED"), (unknown.Status, unknown.Json.GetProperty("error").GetProperty("status").GetString()));
        var missing = await SendAsync(stage, HttpMethod.Get, "/sheets/v4/spreadsheets/nothing");
        Assert.Equal("""{"error":{"code":404,"message":"Requested entity was not found.","status":"NOT_FOUND"}}""", missing.Body);
        stage.Simulator.Sheets.Demo.Shared = false;
        var forbidden = await SendAsync(stage, HttpMethod.Get, Root);
        Assert.Equal("""{"error":{"code":403,"message":"The caller does not have permission","status":"PERMISSION_DENIED"}}""", forbidden.Body);
        stage.Simulator.Sheets.Demo.Shared = true;
        var garbled = await SendAsync(stage, HttpMethod.Post, $"{Root}/values:batchUpdate", "no json");
        Assert.Equal(400, garbled.Status);
    }

    [Fact]
    public async Task Quota_IsForReadsAndWritesApart_InTheRecordedWords()
    {
        await using var stage = await StartAsync(""" "quota":{"limit":2,"anonymousLimit":2,"windowSeconds":60,"status":429,"headers":false} """);
        var token = await TokenAsync(stage);
        for (var i = 0; i < 2; i++) Assert.Equal(200, (await SendAsync(stage, HttpMethod.Get, Root, token: token)).Status);

        var over = await SendAsync(stage, HttpMethod.Get, Root, token: token);
        var write = await SendAsync(stage, HttpMethod.Post, $"{Root}/values:batchClear", """{"ranges":[]}""", token);

        Assert.Equal((429, 200), (over.Status, write.Status));
        Assert.Equal(
            "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per user' of service 'sheets.googleapis.com' for consumer 'project_number:675429720490'.", Error(over));
        var details = over.Json.GetProperty("error").GetProperty("details");
        Assert.Equal(("RATE_LIMIT_EXCEEDED", "ReadRequestsPerMinutePerUser", "2"), (
            details[0].GetProperty("reason").GetString(),
            details[0].GetProperty("metadata").GetProperty("quota_limit").GetString(),
            details[0].GetProperty("metadata").GetProperty("quota_limit_value").GetString()));
        Assert.Null(over.Header("Retry-After"));
        Assert.Null(over.Header("X-RateLimit-Limit"));
        Assert.Equal(1, stage.Simulator.Journal("sheets").Refused.OverQuota);
    }

    [Fact]
    public async Task Token_WantsAnAssertionOfTheRightKeyAndTime()
    {
        await using var stage = await StartAsync();
        var key = GoogleKey.Parse(stage.Simulator.Sheets.KeyFile);

        var granted = await GrantAsync(stage, key.Sign(DateTimeOffset.UtcNow));
        Assert.Equal((200, "Bearer", 3599), (granted.Status, granted.Json.GetProperty("token_type").GetString(), granted.Json.GetProperty("expires_in").GetInt32()));
        var forged = await GrantAsync(stage, GoogleKey.Parse(new SheetsWorld().KeyFile).Sign(DateTimeOffset.UtcNow));
        Assert.Equal((400, """{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"""), (forged.Status, forged.Body));
        foreach (var hours in new[] { -3, 3 })
            Assert.StartsWith("Invalid JWT: Token must be a short-lived token (60 minutes)",
                (await GrantAsync(stage, key.Sign(DateTimeOffset.UtcNow.AddHours(hours)))).Json.GetProperty("error_description").GetString(), StringComparison.Ordinal);
        Assert.Equal("invalid_grant", (await GrantAsync(stage, "a.b.c")).Json.GetProperty("error").GetString());
        Assert.Equal("unsupported_grant_type", (await stage.PostFormAsync("/google-oauth/token", "grant_type=x")).Json.GetProperty("error").GetString());
    }

    [Fact]
    public async Task Unanswered_IsDone_AndErrorsAreNot()
    {
        await using var stage = await StartAsync();
        var token = await TokenAsync(stage);
        stage.Simulator.Change(Stage.Upstream("sheets", """ "faults":[{"kind":"status","status":503,"operation":"values.update","nextCalls":1},{"kind":"unanswered","operation":"values.update","nextCalls":1}] """));

        var failed = await SendAsync(stage, HttpMethod.Put, $"{Root}/values/Sheet1!A1?valueInputOption=RAW", """{"values":[["x"]]}""", token);
        Assert.Equal((503, "The service is currently unavailable."), (failed.Status, Error(failed)));
        Assert.Null(stage.Simulator.Sheets.Demo.Cell("Sheet1", "A1"));

        using var patience = new CancellationTokenSource();
        var request = Stage.Request(HttpMethod.Put, $"{Root}/values/Sheet1!A1?valueInputOption=RAW", new StringContent("""{"values":[["x"]]}"""), ("Authorization", $"Bearer {token}"));
        var sending = stage.SendAsync(request, patience.Token);
        await Eventually.Async(() => stage.Simulator.Sheets.Demo.Cell("Sheet1", "A1") is "x", "the cell");
        Assert.False(sending.IsCompleted);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    [Fact]
    public async Task ControlInterface_TellsTheKeyAndEditsCells()
    {
        await using var stage = await StartAsync();

        Assert.Equal("service_account", (await stage.GetAsync("/__sheets/key")).Json.GetProperty("type").GetString());
        Assert.Equal(204, (await stage.SendAsync(Stage.Request(HttpMethod.Put, "/__sheets/mine?title=Mine", null))).Status);
        Assert.Equal(204, (await stage.SendAsync(Stage.Request(HttpMethod.Put, "/__sheets/mine/Sheet1/B2?value=hello", null))).Status);
        Assert.Equal("hello", (await stage.GetAsync("/__sheets/mine/Sheet1")).Json[1][1].GetString());
        Assert.Equal(["demo-spreadsheet", "mine"], (await stage.GetAsync("/__sheets")).Json.EnumerateArray().Select(workbook => workbook.GetProperty("id").GetString()));
        Assert.Equal(400, (await stage.SendAsync(Stage.Request(HttpMethod.Put, "/__sheets/mine/Sheet1/nowhere?value=x", null))).Status);
        Assert.Equal(404, (await stage.GetAsync("/__sheets/mine/Nowhere")).Status);
    }
}
