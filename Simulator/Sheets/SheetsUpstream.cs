using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Sheets;

/// <summary>sheets.googleapis.com and the token endpoint of oauth2.googleapis.com.</summary>
internal sealed class SheetsUpstream(SheetsWorld world) : Upstream(Platforms.Sheets)
{
    public const string Reads = "reads";
    public const string Writes = "writes";
    private const string Host = "sheets";
    private const string TokenHost = "google-oauth";
    private const string Root = "/v4/spreadsheets/";
    private const int HighestBody = 12 << 20;

    public override void Map(UpstreamRoutes routes)
    {
        // The path is read as it was sent: ranges have colons, and titles anything.
        routes.Get(Host, "v4/spreadsheets/{**call}", ReadGet);
        routes.Post(Host, "v4/spreadsheets/{**call}", ReadPostAsync);
        routes.Put(Host, "v4/spreadsheets/{**call}", ReadPutAsync);
        routes.Otherwise(Host, _ => HtmlPages.NotFound());
        routes.Post(TokenHost, "token", ReadTokenAsync);
        routes.Otherwise(TokenHost, _ => HtmlPages.NotFound());
    }

    public override Reply Refuse(Refusal refusal) => refusal.Status switch
    {
        401 => SheetsErrors.Unauthenticated(),
        429 => SheetsErrors.OverQuota(refusal.Question.Resource == Reads ? "Read" : "Write", refusal.Limit ?? 60),
        _ => base.Refuse(refusal),
    };

    public override Reply? Fail(Scenarios.Fault fault) => fault.Status is null or 500 or 503 ? SheetsErrors.Internal(fault.Status ?? 500) : null;

    private Question ReadGet(HttpContext http) => Segments(http.Request) switch
    {
        [var id] => Ask("spreadsheets.get", Reads, id, workbook => SheetsAnswers.Metadata(workbook, http.Request.Query["fields"].ToString().Contains("sheets", StringComparison.Ordinal))),
        [var id, "values", var range] => Ask("values.get", Reads, id, workbook => SheetsAnswers.Values(workbook, range, http.Request.Query["valueRenderOption"] != "UNFORMATTED_VALUE")),
        _ => Question.Wrong("unknown", HtmlPages.NotFound()),
    };

    private async ValueTask<Question> ReadPutAsync(HttpContext http)
    {
        if (Segments(http.Request) is not [var id, "values", var range]) return Question.Wrong("unknown", HtmlPages.NotFound());
        return await ChangeAsync(http, "values.update", id, (workbook, body) => SheetsAnswers.Update(workbook, range, body, AsTyped(http.Request.Query["valueInputOption"])));
    }

    private async ValueTask<Question> ReadPostAsync(HttpContext http)
    {
        switch (Segments(http.Request))
        {
            case [var call] when call.EndsWith(":batchUpdate", StringComparison.Ordinal):
                return await ChangeAsync(http, "batchUpdate", call[..^":batchUpdate".Length], SheetsAnswers.BatchUpdate);
            case [var id, "values:batchUpdate"]:
                return await ChangeAsync(http, "values.batchUpdate", id,
                    (workbook, body) => SheetsAnswers.BatchUpdateValues(workbook, body, AsTyped(body.TryGetProperty("valueInputOption", out var option) ? option.GetString() : null)));
            case [var id, "values:batchClear"]:
                return await ChangeAsync(http, "values.batchClear", id, SheetsAnswers.BatchClear);
            case [var id, "values", var call] when call.EndsWith(":clear", StringComparison.Ordinal):
                return await ChangeAsync(http, "values.clear", id, (workbook, _) => SheetsAnswers.Clear(workbook, call[..^":clear".Length]));
            default:
                return Question.Wrong("unknown", HtmlPages.NotFound());
        }
    }

    private async ValueTask<Question> ChangeAsync(HttpContext http, string operation, string id, Func<Workbook, JsonElement, Reply> change)
    {
        if (await RequestBody.ReadAsync(http.Request, HighestBody, http.RequestAborted) is not { } body) return Question.Wrong(operation, HtmlPages.TooLarge()) with { Resource = Writes };
        world.Received(System.Text.Encoding.UTF8.GetByteCount(body));
        return Ask(operation, Writes, id, workbook => change(workbook, JsonDocument.Parse(body.Length == 0 ? "{}" : body).RootElement)) with { Changes = true };
    }

    private Question Ask(string operation, string resource, string id, Func<Workbook, Reply> answer) => new(operation, [id], know =>
    {
        if (!world.Knows(know.Token, know.Now)) return SheetsErrors.Unauthenticated();
        if (world.Find(id) is not { } workbook) return SheetsErrors.NotFound() with { Keys = KeyAnswer.Missing };
        if (!workbook.Shared) return SheetsErrors.Forbidden();
        try
        {
            return workbook.Locked(() => answer(workbook)) with { Keys = KeyAnswer.Found };
        }
        catch (SheetsFault fault)
        {
            return fault.Reply;
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return SheetsErrors.InvalidJson(wrong.Message);
        }
    }) { Resource = resource };

    private async ValueTask<Question> ReadTokenAsync(HttpContext http)
    {
        const string operation = "token";
        if (await RequestBody.ReadAsync(http.Request, 65_536, http.RequestAborted) is not { } body) return Question.Wrong(operation, HtmlPages.TooLarge()) with { Free = true };
        var form = QueryHelpers.ParseQuery(body);
        var (grant, assertion) = (form.GetValueOrDefault("grant_type").ToString(), form.GetValueOrDefault("assertion").ToString());
        return new Question(operation, [], know =>
            grant != "urn:ietf:params:oauth:grant-type:jwt-bearer" ? SheetsErrors.Token(400, "unsupported_grant_type", $"Invalid grant_type: {grant}")
            : world.Account.Check(assertion, know.Now) is { } wrong ? SheetsErrors.Token(400, wrong.Error, wrong.Description)
            : SheetsAnswers.Token(world.Issue(know.Now), world.TokenLife)) { Free = true };
    }

    private static bool AsTyped(string? option) => option switch
    {
        "RAW" => false,
        "USER_ENTERED" => true,
        _ => throw SheetsFault.Invalid("'valueInputOption' is required but not specified"),
    };

    private static string[] Segments(HttpRequest request)
    {
        var target = request.HttpContext.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var end = target.IndexOf('?', StringComparison.Ordinal);
        var path = end < 0 ? target : target[..end];
        var start = path.IndexOf(Root, StringComparison.OrdinalIgnoreCase);
        return start < 0 ? [] : [.. path[(start + Root.Length)..].Split('/').Select(Uri.UnescapeDataString)];
    }
}
