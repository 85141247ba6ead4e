using System.Text;
using System.Text.Json;

namespace OrleansBulk.Simulator.Sheets;

/// <summary><c>/__sheets</c>: the key file, the workbooks, and edits as their users make them.</summary>
internal static class SheetsEndpoints
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static void MapSheets(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/__sheets", (SheetsWorld world) => Results.Json(world.Workbooks.Select(workbook => new { workbook.Id, workbook.Title, workbook.Shared, workbook.Titles }), Options));
        endpoints.MapGet("/__sheets/key", (SheetsWorld world) => Results.Text(world.KeyFile, "application/json", Encoding.UTF8));
        endpoints.MapPut("/__sheets/{id}", (SheetsWorld world, string id, string? title, bool? shared) =>
        {
            world.Create(id, title ?? "Untitled spreadsheet").Shared = shared ?? true;
            return Results.NoContent();
        });
        endpoints.MapGet("/__sheets/{id}/{sheet}", (SheetsWorld world, string id, string sheet) => At(world, id, sheet, workbook => Results.Json(workbook.Rows(sheet), Options)));
        endpoints.MapPut("/__sheets/{id}/{sheet}/{cell}", (SheetsWorld world, string id, string sheet, string cell, string? value) => At(world, id, sheet, workbook =>
        {
            workbook.Put(sheet, cell, value ?? "");
            return Results.NoContent();
        }));
        endpoints.MapDelete("/__sheets/{id}/{sheet}", (SheetsWorld world, string id, string sheet) => At(world, id, sheet, workbook =>
        {
            workbook.DeleteSheet(sheet);
            return Results.NoContent();
        }));
    }

    private static IResult At(SheetsWorld world, string id, string sheet, Func<Workbook, IResult> act)
    {
        if (world.Find(id) is not { } workbook || !workbook.Titles.Contains(sheet, StringComparer.OrdinalIgnoreCase)) return Results.NotFound();
        try
        {
            return act(workbook);
        }
        catch (FormatException wrong)
        {
            return Results.Problem(wrong.Message, statusCode: 400);
        }
    }
}
