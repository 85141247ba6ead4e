using System.Globalization;
using System.Text.Json;
using OrleansBulk.Jobs;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Api;

/// <summary><c>GET /api/jobs/{id}/failures</c>: a page as JSON, or all of them as CSV or NDJSON.</summary>
internal static class FailureEndpoint
{
    private const int DefaultPage = 100;
    private const int LargestPage = 1000;
    private const int MostCauses = 200;

    public static async Task<IResult> GetAsync(
        Guid id, HttpContext context, JobStore jobs, FailureStore failures, string? cause, string? after, int? limit, string? format, CancellationToken cancellationToken)
    {
        var last = -1L;
        if (after is not null && !long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out last))
        {
            return Problems.BadRequest("after must be what the page before gave as next.");
        }

        if (limit is < 1 or > LargestPage)
        {
            return Problems.BadRequest($"limit is {limit}; it must be 1 to {LargestPage}. For all of them ask for text/csv or application/x-ndjson.");
        }

        if (QueryTexts.HaveNul(cause))
        {
            return QueryTexts.Nul;
        }

        if (await jobs.FindAsync(id, cancellationToken) is null)
        {
            return JobEndpoints.Unknown(id);
        }

        switch (format ?? Wanted(context.Request))
        {
            case "csv":
                return Stream(context, $"failures-{id}.csv", "text/csv; charset=utf-8", CsvText.Line("ordinal", "key", "cause", "message", "attempts", "at"), failures.StreamAsync(id, cause, cancellationToken), Csv, cancellationToken);
            case "ndjson":
                return Stream(context, $"failures-{id}.ndjson", "application/x-ndjson", null, failures.StreamAsync(id, cause, cancellationToken), failure => JsonSerializer.Serialize(failure, WireJson.Options) + "\n", cancellationToken);
            case "json":
                var page = await failures.ListAsync(id, cause, last, limit ?? DefaultPage, cancellationToken);
                var causes = await failures.ReadCausesAsync(id, MostCauses, cancellationToken);
                return TypedResults.Ok(new FailuresPage(causes, page, page.Count == (limit ?? DefaultPage) ? page[^1].Ordinal.ToString(CultureInfo.InvariantCulture) : null));
            case var other:
                return Problems.BadRequest($"format is '{other}'; it must be json, csv or ndjson.");
        }
    }

    private static string Wanted(HttpRequest request)
    {
        var accept = request.Headers.Accept.ToString();
        return accept.Contains("text/csv", StringComparison.OrdinalIgnoreCase) ? "csv" : accept.Contains("ndjson", StringComparison.OrdinalIgnoreCase) ? "ndjson" : "json";
    }

    private static string Csv(Failure failure) => CsvText.Line(
        failure.Ordinal.ToString(CultureInfo.InvariantCulture), failure.Key, failure.Cause, failure.Message, failure.Attempts.ToString(CultureInfo.InvariantCulture), failure.At.ToString("O", CultureInfo.InvariantCulture));

    private static IResult Stream(
        HttpContext context, string name, string type, string? head, IAsyncEnumerable<Failure> failures, Func<Failure, string> line, CancellationToken cancellationToken)
    {
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{name}\"";
        return Results.Stream(async body =>
        {
            await using var writer = new StreamWriter(body, leaveOpen: true);
            await writer.WriteAsync(head);
            await foreach (var failure in failures.WithCancellation(cancellationToken))
            {
                await writer.WriteAsync(line(failure));
            }
        }, type);
    }
}

/// <summary>Failures folded and listed.</summary>
public sealed record FailuresPage(IReadOnlyList<FailureCause> Causes, IReadOnlyList<Failure> Items, string? Next);
