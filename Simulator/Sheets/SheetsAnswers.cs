using System.Text.Json;
using OrleansBulk.Simulator.Calls;

namespace OrleansBulk.Simulator.Sheets;

/// <summary>What each call does and answers; under the workbook's lock, all of it or nothing.</summary>
internal static class SheetsAnswers
{
    public static Reply Metadata(Workbook workbook, bool sheetsOnly) => Answer(json =>
    {
        if (!sheetsOnly)
        {
            json.WriteString("spreadsheetId", workbook.Id);
            json.WriteStartObject("properties");
            json.WriteString("title", workbook.Title);
            json.WriteString("locale", "en_US");
            json.WriteString("timeZone", "Etc/GMT");
            json.WriteEndObject();
        }
        json.WriteStartArray("sheets");
        for (var index = 0; index < workbook.Sheets.Count; index++)
        {
            json.WriteStartObject();
            SheetRequests.WriteProperties(json, workbook.Sheets[index], index);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (!sheetsOnly) json.WriteString("spreadsheetUrl", $"https://docs.google.com/spreadsheets/d/{workbook.Id}/edit");
    });

    public static Reply Values(Workbook workbook, string text, bool formatted)
    {
        var (sheet, range) = SheetValues.Locate(workbook, text);
        return Reply.Json(200, json => SheetValues.Write(json, sheet, range, formatted));
    }

    public static Reply Update(Workbook workbook, string range, JsonElement body, bool asTyped)
    {
        var change = SheetValues.Plan(workbook, range, Values(body), asTyped);
        change.Apply();
        return Reply.Json(200, json => change.Write(json, workbook.Id));
    }

    public static Reply BatchUpdateValues(Workbook workbook, JsonElement body, bool asTyped)
    {
        var changes = body.GetProperty("data").EnumerateArray()
            .Select(range => SheetValues.Plan(workbook, range.GetProperty("range").GetString()!, Values(range), asTyped)).ToList();
        foreach (var change in changes) change.Apply();
        return Answer(json =>
        {
            json.WriteString("spreadsheetId", workbook.Id);
            json.WriteNumber("totalUpdatedRows", changes.Sum(change => change.Rows));
            json.WriteNumber("totalUpdatedColumns", changes.Count == 0 ? 0 : changes.Max(change => change.Columns));
            json.WriteNumber("totalUpdatedCells", changes.Sum(change => change.Cells.Count));
            json.WriteNumber("totalUpdatedSheets", changes.Select(change => change.Sheet).Distinct().Count());
            json.WriteStartArray("responses");
            foreach (var change in changes) change.Write(json, workbook.Id);
            json.WriteEndArray();
        });
    }

    public static Reply Clear(Workbook workbook, string text)
    {
        var (sheet, range) = SheetValues.Locate(workbook, text);
        SheetValues.Clear(sheet, range);
        return Answer(json =>
        {
            json.WriteString("spreadsheetId", workbook.Id);
            json.WriteString("clearedRange", range.Of(sheet.Title));
        });
    }

    public static Reply BatchClear(Workbook workbook, JsonElement body)
    {
        var ranges = body.GetProperty("ranges").EnumerateArray().Select(range => SheetValues.Locate(workbook, range.GetString()!)).ToList();
        foreach (var (sheet, range) in ranges) SheetValues.Clear(sheet, range);
        return Answer(json =>
        {
            json.WriteString("spreadsheetId", workbook.Id);
            json.WriteStartArray("clearedRanges");
            foreach (var (sheet, range) in ranges) json.WriteStringValue(range.Of(sheet.Title));
            json.WriteEndArray();
        });
    }

    public static Reply BatchUpdate(Workbook workbook, JsonElement body)
    {
        var replies = SheetRequests.Apply(workbook, body.GetProperty("requests"));
        return Answer(json =>
        {
            json.WriteString("spreadsheetId", workbook.Id);
            json.WriteStartArray("replies");
            foreach (var reply in replies) reply(json);
            json.WriteEndArray();
        });
    }

    public static Reply Token(string token, TimeSpan life) => Answer(json =>
    {
        json.WriteString("access_token", token);
        json.WriteNumber("expires_in", (long)life.TotalSeconds);
        json.WriteString("token_type", "Bearer");
    });

    private static JsonElement Values(JsonElement range) => range.TryGetProperty("values", out var values) ? values : default;

    private static Reply Answer(Action<Utf8JsonWriter> write) => Reply.Json(200, json =>
    {
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
    });
}
