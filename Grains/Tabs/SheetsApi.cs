using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tabs;

/// <summary>A sheet as the spreadsheet describes it.</summary>
internal sealed record SheetGrid(int Id, string Title, int Rows, int Columns);

/// <summary>The calls of Google's Sheets API that tabs need, for one spreadsheet. Reads and writes have quotas of their own, so each goes through a gate of its own.</summary>
internal sealed class SheetsApi(UpstreamClient reads, UpstreamClient writes, GoogleTokens tokens, SheetsOptions options)
{
    public const string NoSheet = "sheets: no such sheet";
    public const string SheetExists = "sheets: sheet exists";
    public const string GridTooSmall = "sheets: grid too small";
    public const string TooLarge = ": answer too large";
    private const string TokenRefused = "sheets: token refused";

    /// <summary>How long to stay away after a page instead of an answer.</summary>
    public static readonly TimeSpan BlockedFor = TimeSpan.FromMinutes(1);

    private readonly PlatformReader _readReader = new(reads, BlockedFor);
    private readonly PlatformReader _writeReader = new(writes, BlockedFor);

    /// <summary>The spreadsheet has so many cells at most, over all its sheets.</summary>
    private const string FullMark = "number of cells in the workbook above the limit";

    /// <returns><see cref="CallAnswered{T}"/> with the sheets (<see cref="IReadOnlyList{T}"/> of <see cref="SheetGrid"/>).</returns>
    public Task<CallResult> ListAsync(SheetsAsk ask) => ReadAsync("?fields=sheets.properties", root => new CallAnswered<IReadOnlyList<SheetGrid>>(
        [.. root.GetProperty("sheets").EnumerateArray().Select(sheet => Grid(sheet.GetProperty("properties"))).OfType<SheetGrid>()]), ask);

    /// <summary>Cells of a range, as far as something stands there: texts, numbers and flags as they are.</summary>
    /// <returns><see cref="CallAnswered{T}"/> with rows (<see cref="IReadOnlyList{T}"/> of lists of cells).</returns>
    public Task<CallResult> ReadValuesAsync(string range, SheetsAsk ask) =>
        ReadAsync($"/values/{Uri.EscapeDataString(range)}?majorDimension=ROWS&valueRenderOption=UNFORMATTED_VALUE", root => new CallAnswered<IReadOnlyList<IReadOnlyList<SheetCell>>>(
            root.TryGetProperty("values", out var rows)
                ? [.. rows.EnumerateArray().Select(row => (IReadOnlyList<SheetCell>)[.. row.EnumerateArray().Select(SheetCell.Read)])]
                : []), ask);

    public Task<CallResult> WriteValuesAsync(byte[] body, SheetsAsk ask) => WriteAsync("/values:batchUpdate", body, root => Done(root, "responses"), ask);

    public Task<CallResult> ClearAsync(string range, SheetsAsk ask) =>
        WriteAsync("/values:batchClear", Body(new JsonObject { ["ranges"] = new JsonArray(range) }), root => Done(root, "clearedRanges"), ask);

    /// <returns><see cref="CallAnswered{T}"/> with the new sheet (<see cref="SheetGrid"/>).</returns>
    public Task<CallResult> AddSheetAsync(string title, int rows, int columns, SheetsAsk ask) => WriteAsync(
        ":batchUpdate",
        Request("addSheet", new JsonObject
        {
            ["properties"] = new JsonObject { ["title"] = title, ["sheetType"] = "GRID", ["gridProperties"] = new JsonObject { ["rowCount"] = rows, ["columnCount"] = columns } },
        }),
        root => new CallAnswered<SheetGrid>(Grid(root.GetProperty("replies")[0].GetProperty("addSheet").GetProperty("properties")) ?? throw new FormatException("The new sheet has no grid.")),
        ask);

    /// <summary>Adds empty rows or columns behind the last ones. Twice adds twice, and harms nothing; a size that is set would cut off what others have added meanwhile.</summary>
    /// <param name="dimension"><c>ROWS</c> or <c>COLUMNS</c>.</param>
    public Task<CallResult> GrowAsync(int sheetId, string dimension, int length, SheetsAsk ask) => WriteAsync(
        ":batchUpdate", Request("appendDimension", new JsonObject { ["sheetId"] = sheetId, ["dimension"] = dimension, ["length"] = length }), root => Done(root, "replies"), ask);

    private Task<CallResult> ReadAsync(string path, Func<JsonElement, CallResult> read, SheetsAsk ask) =>
        SendAsync(reads, _readReader, () => new HttpRequestMessage(HttpMethod.Get, Url(reads, path)), read, ask);

    private Task<CallResult> WriteAsync(string path, byte[] body, Func<JsonElement, CallResult> read, SheetsAsk ask) => SendAsync(writes, _writeReader, () =>
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" };
        return new HttpRequestMessage(HttpMethod.Post, Url(writes, path)) { Content = content };
    }, read, ask);

    /// <summary>One call; once more with a new token when the token was refused.</summary>
    private async Task<CallResult> SendAsync(UpstreamClient client, PlatformReader reader, Func<HttpRequestMessage> request, Func<JsonElement, CallResult> read, SheetsAsk ask)
    {
        for (var renewed = false; ; renewed = true)
        {
            var token = ask.Count(await tokens.GetAsync(ask.Budget, ask.CancellationToken));
            if (token is not CallAnswered<GoogleToken> { Value: var bearer })
            {
                return token;
            }

            var result = ask.Count(await client.SendAsync(
                ask.Budget,
                () => request().With("Authorization", $"Bearer {bearer.Text}").With("User-Agent", PlatformRequest.Ours),
                (response, cancelled) => reader.JsonAsync(response, (status, root) => status == HttpStatusCode.OK ? read(root) : Refused(status, root, bearer.Email), cancelled),
                ask.CancellationToken));
            if (result is not CallMissing { Cause: TokenRefused } refused)
            {
                return result;
            }

            tokens.Forget(bearer);
            if (renewed)
            {
                return new CallRefused($"Google refuses the token of the service account {bearer.Email}: {refused.Message}");
            }
        }
    }

    /// <summary>What an error says; null where its status says enough.</summary>
    private CallResult? Refused(HttpStatusCode status, JsonElement root, string email)
    {
        var message = root.ValueKind == JsonValueKind.Object && root.Find("error") is { } error ? error.Text("message", ProfileText.Long) ?? "" : "";
        return status switch
        {
            HttpStatusCode.BadRequest when message.Contains("Unable to parse range", StringComparison.Ordinal) || message.Contains("No grid with id", StringComparison.Ordinal) =>
                new CallMissing(NoSheet, message),
            HttpStatusCode.BadRequest when message.Contains("exceeds grid limits", StringComparison.Ordinal) => new CallMissing(GridTooSmall, message),
            HttpStatusCode.BadRequest when message.Contains("already exists", StringComparison.Ordinal) => new CallMissing(SheetExists, message),
            HttpStatusCode.BadRequest when message.Contains(FullMark, StringComparison.Ordinal) =>
                new CallRefused($"The spreadsheet is full: Google allows 10,000,000 cells over all its sheets. Close the gaps of tabs, remove columns or sheets, or use another one ({message})."),
            HttpStatusCode.BadRequest when message.Length > 0 => new CallMissing("sheets: request refused", message),
            HttpStatusCode.Unauthorized => new CallMissing(TokenRefused, message),
            HttpStatusCode.Forbidden when message.Length > 0 =>
                new CallRefused($"Google does not let {email} write to the spreadsheet '{options.SpreadsheetId}' ({message}). Share it with that address as an editor."),
            HttpStatusCode.NotFound => new CallRefused($"There is no spreadsheet '{options.SpreadsheetId}' ({message}). Check Tabs:Sheets:SpreadsheetId."),
            // Google says no time. The quota is filled again every minute: after a minute of the gate's own there is a new one, whenever it began.
            HttpStatusCode.TooManyRequests => new CallThrottled(null, message.Length > 0 ? message : "too many calls (HTTP 429)"),
            _ => null,
        };
    }

    private Uri Url(UpstreamClient client, string path) => new($"{client.Options.BaseUrl.AbsoluteUri.TrimEnd('/')}/v4/spreadsheets/{options.SpreadsheetId}{path}");

    /// <summary>An answer that does not speak of what was done is none.</summary>
    private static CallAnswered<bool> Done(JsonElement root, string member) =>
        root.TryGetProperty(member, out _) ? new CallAnswered<bool>(true) : throw new FormatException($"'{member}' is missing.");

    /// <summary>Null for a sheet without a grid: a chart on a sheet of its own.</summary>
    private static SheetGrid? Grid(JsonElement properties) => properties.Find("gridProperties") is not { } grid ? null : new SheetGrid(
        properties.Int("sheetId") ?? 0, properties.GetProperty("title").GetString()!, grid.GetProperty("rowCount").GetInt32(), grid.GetProperty("columnCount").GetInt32());

    private static byte[] Request(string name, JsonObject request) => Body(new JsonObject { ["requests"] = new JsonArray(new JsonObject { [name] = request }) });

    private static byte[] Body(JsonObject body) => JsonSerializer.SerializeToUtf8Bytes(body);
}
