using System.Text.Json;
using OrleansBulk.Simulator.Calls;

namespace OrleansBulk.Simulator.Sheets;

/// <summary>The error bodies of Google's APIs.</summary>
internal static class SheetsErrors
{
    private const string ErrorInfo = "type.googleapis.com/google.rpc.ErrorInfo";

    public static Reply Invalid(string message) => Error(400, "INVALID_ARGUMENT", message);

    public static Reply InvalidJson(string problem)
    {
        var message = $"Invalid JSON payload received. {problem}";
        return Error(400, "INVALID_ARGUMENT", message, json =>
        {
            json.WriteStartObject();
            json.WriteString("@type", "type.googleapis.com/google.rpc.BadRequest");
            json.WriteStartArray("fieldViolations");
            json.WriteStartObject();
            json.WriteString("description", message);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    public static Reply Unauthenticated() => Error(401, "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.");

    public static Reply Forbidden() => Error(403, "PERMISSION_DENIED", "The caller does not have permission");

    public static Reply NotFound() => Error(404, "NOT_FOUND", "Requested entity was not found.");

    public static Reply Internal(int status) =>
        status == 503 ? Error(503, "UNAVAILABLE", "The service is currently unavailable.") : Error(status, "INTERNAL", "Internal error encountered.");

    /// <param name="kind"><c>Read</c> or <c>Write</c>.</param>
    public static Reply OverQuota(string kind, int limit) => Error(429, "RESOURCE_EXHAUSTED",
        $"Quota exceeded for quota metric '{kind} requests' and limit '{kind} requests per minute per user' of service 'sheets.googleapis.com' for consumer 'project_number:675429720490'.",
        json =>
        {
            json.WriteStartObject();
            json.WriteString("@type", ErrorInfo);
            json.WriteString("reason", "RATE_LIMIT_EXCEEDED");
            json.WriteString("domain", "googleapis.com");
            json.WriteStartObject("metadata");
            json.WriteString("quota_location", "global");
            json.WriteString("service", "sheets.googleapis.com");
            json.WriteString("quota_limit_value", limit.ToString(System.Globalization.CultureInfo.InvariantCulture));
            json.WriteString("quota_limit", $"{kind}RequestsPerMinutePerUser");
            json.WriteString("consumer", "projects/675429720490");
            json.WriteString("quota_metric", $"sheets.googleapis.com/{kind.ToLowerInvariant()}_requests");
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartObject();
            json.WriteString("@type", "type.googleapis.com/google.rpc.Help");
            json.WriteStartArray("links");
            json.WriteStartObject();
            json.WriteString("description", "Request a higher quota limit.");
            json.WriteString("url", "https://cloud.google.com/docs/quota#requesting_higher_quota");
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        });

    /// <summary>The token endpoint has a form of its own.</summary>
    public static Reply Token(int status, string error, string description) => Reply.Json(status, json =>
    {
        json.WriteStartObject();
        json.WriteString("error", error);
        json.WriteString("error_description", description);
        json.WriteEndObject();
    });

    private static Reply Error(int code, string status, string message, Action<Utf8JsonWriter>? details = null) => Reply.Json(code, json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteNumber("code", code);
        json.WriteString("message", message);
        json.WriteString("status", status);
        if (details is not null)
        {
            json.WriteStartArray("details");
            details(json);
            json.WriteEndArray();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    });
}
