using System.Text.Json;

namespace OrleansBulk.Simulator.Journals;

/// <summary><c>/__journal</c>: the report, its reset, and the recent calls.</summary>
internal static class JournalEndpoints
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static void MapJournal(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/__journal", (Journal journal, string? upstream, int? repeated) =>
            Results.Json(journal.Report(upstream, repeated ?? 100), Options));
        endpoints.MapDelete("/__journal", (Journal journal) =>
        {
            journal.Reset();
            return Results.NoContent();
        });
        endpoints.MapGet("/__journal/calls", (Journal journal, long? after, int? limit, string? upstream) =>
            Results.Json(journal.Recent.After(after ?? 0, Math.Clamp(limit ?? 1000, 1, Journal.RingSize), upstream), Options));
    }
}
