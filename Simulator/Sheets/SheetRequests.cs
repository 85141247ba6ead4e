using System.Text.Json;

namespace OrleansBulk.Simulator.Sheets;

/// <summary>
/// The requests of a batchUpdate: addSheet, updateSheetProperties, appendDimension. All of them or none: each is checked against what the ones before it leave, and what
/// was done is undone (but for what a smaller grid lost) when one cannot be. Under the workbook's lock.
/// </summary>
internal static class SheetRequests
{
    /// <returns>What writes each request's reply.</returns>
    public static IReadOnlyList<Action<Utf8JsonWriter>> Apply(Workbook workbook, JsonElement requests)
    {
        var undo = new Stack<Action>();
        var replies = new List<Action<Utf8JsonWriter>>();
        try
        {
            var number = 0;
            foreach (var request in requests.EnumerateArray())
            {
                var member = request.EnumerateObject().FirstOrDefault();
                var where = $"Invalid requests[{number++}].{member.Name}";
                replies.Add(member.Name switch
                {
                    "addSheet" => Add(workbook, member.Value, where, undo),
                    "updateSheetProperties" => Update(workbook, member.Value, where, undo),
                    "appendDimension" => Append(workbook, member.Value, where, undo),
                    var other => throw new SheetsFault(SheetsErrors.InvalidJson($"Unknown name \"{other}\" at 'requests[{number - 1}]': Cannot find field.")),
                });
            }
            return replies;
        }
        catch (SheetsFault)
        {
            while (undo.TryPop(out var back)) back();
            throw;
        }
    }

    public static void WriteProperties(Utf8JsonWriter json, Sheet sheet, int index)
    {
        json.WriteStartObject("properties");
        json.WriteNumber("sheetId", sheet.Id);
        json.WriteString("title", sheet.Title);
        json.WriteNumber("index", index);
        json.WriteString("sheetType", "GRID");
        json.WriteStartObject("gridProperties");
        json.WriteNumber("rowCount", sheet.RowCount);
        json.WriteNumber("columnCount", sheet.ColumnCount);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static Action<Utf8JsonWriter> Add(Workbook workbook, JsonElement request, string where, Stack<Action> undo)
    {
        var properties = request.GetProperty("properties");
        var title = properties.TryGetProperty("title", out var given) ? given.GetString()! : $"Sheet{workbook.Sheets.Count + 1}";
        if (workbook.Find(title) is not null) throw SheetsFault.Invalid($"{where}: A sheet with the name \"{title}\" already exists. Please enter another name.");
        var grid = properties.TryGetProperty("gridProperties", out var size) ? size : default;
        var (rows, columns) = (Number(grid, "rowCount") ?? 1000, Number(grid, "columnCount") ?? 26);
        Check(workbook, (long)rows * columns, where);
        var sheet = workbook.Add(title, rows, columns);
        undo.Push(() => ((List<Sheet>)workbook.Sheets).Remove(sheet));
        var index = workbook.Sheets.Count - 1;
        return json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("addSheet");
            WriteProperties(json, sheet, index);
            json.WriteEndObject();
            json.WriteEndObject();
        };
    }

    private static Action<Utf8JsonWriter> Update(Workbook workbook, JsonElement request, string where, Stack<Action> undo)
    {
        var properties = request.GetProperty("properties");
        var sheet = Sheet(workbook, properties, where);
        var (rows, columns, title) = (sheet.RowCount, sheet.ColumnCount, sheet.Title);
        foreach (var field in request.GetProperty("fields").GetString()!.Split(',', StringSplitOptions.TrimEntries).Select(field => field.Replace('.', '/')))
        {
            switch (field)
            {
                case "gridProperties/rowCount": rows = Number(properties.GetProperty("gridProperties"), "rowCount") ?? rows; break;
                case "gridProperties/columnCount": columns = Number(properties.GetProperty("gridProperties"), "columnCount") ?? columns; break;
                case "title": title = properties.GetProperty("title").GetString()!; break;
                default: throw SheetsFault.Invalid($"{where}: Invalid field mask \"{field}\"");
            }
        }
        if (workbook.Find(title) is { } other && other != sheet) throw SheetsFault.Invalid($"{where}: A sheet with the name \"{title}\" already exists. Please enter another name.");
        Change(workbook, sheet, rows, columns, title, where, undo);
        return Nothing;
    }

    private static Action<Utf8JsonWriter> Append(Workbook workbook, JsonElement request, string where, Stack<Action> undo)
    {
        var sheet = Sheet(workbook, request, where);
        var length = Number(request, "length") is > 0 and var given ? given : throw SheetsFault.Invalid($"{where}: length must be greater than 0");
        var isRows = request.GetProperty("dimension").GetString() == "ROWS";
        Change(workbook, sheet, sheet.RowCount + (isRows ? length : 0), sheet.ColumnCount + (isRows ? 0 : length), sheet.Title, where, undo);
        return Nothing;
    }

    private static void Change(Workbook workbook, Sheet sheet, int rows, int columns, string title, string where, Stack<Action> undo)
    {
        Check(workbook, (long)rows * columns - sheet.Size, where);
        var (oldRows, oldColumns, oldTitle) = (sheet.RowCount, sheet.ColumnCount, sheet.Title);
        sheet.Resize(rows, columns);
        sheet.Title = title;
        undo.Push(() =>
        {
            sheet.Resize(oldRows, oldColumns);
            sheet.Title = oldTitle;
        });
    }

    private static void Check(Workbook workbook, long more, string where)
    {
        if (more > 0 && workbook.Sheets.Sum(sheet => sheet.Size) + more > Workbook.MostCells)
            throw SheetsFault.Invalid($"{where}: This action would increase the number of cells in the workbook above the limit of 10000000 cells.");
    }

    private static Sheet Sheet(Workbook workbook, JsonElement named, string where)
    {
        var id = Number(named, "sheetId") ?? 0;
        return workbook.Sheets.FirstOrDefault(sheet => sheet.Id == id) ?? throw SheetsFault.Invalid($"{where}: No grid with id: {id}");
    }

    private static int? Number(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value.GetInt32() : null;

    private static void Nothing(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteEndObject();
    }
}
