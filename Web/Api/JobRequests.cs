using System.Text.Json;
using OrleansBulk.Jobs;

namespace OrleansBulk.Web.Api;

/// <summary>Reads <c>{workload, spec, mode?, maxConcurrency?, idempotencyKey?}</c>.</summary>
internal static class JobRequests
{
    private static readonly JsonElement Nothing = JsonDocument.Parse("null").RootElement;

    /// <summary>The request, or a sentence that says what is wrong with it.</summary>
    public static (JobRequest? Request, string? Problem) Read(JsonElement body, string? keyHeader)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            return (null, "The body must be a JSON object: {\"workload\": …, \"spec\": …}.");
        }

        if (!body.TryGetProperty("workload", out var workload) || workload.ValueKind != JsonValueKind.String)
        {
            return (null, "The body has no workload. Send its name as a text, such as \"profile-refresh\".");
        }

        return ReadOptions(body, workload.GetString()!, body.TryGetProperty("spec", out var spec) ? spec : Nothing, keyHeader);
    }

    /// <summary>The members that every way to start a job knows.</summary>
    public static (JobRequest? Request, string? Problem) ReadOptions(JsonElement body, string workload, JsonElement spec, string? keyHeader)
    {
        JobMode? mode = null;
        if (body.TryGetProperty("mode", out var sentMode) && sentMode.ValueKind != JsonValueKind.Null)
        {
            mode = sentMode.ValueKind == JsonValueKind.String ? JobModeExtensions.Parse(sentMode.GetString()) : null;
            if (mode is null)
            {
                return (null, "mode must be \"high-performance\" (up to 100 calls at once) or \"standard\" (up to 10).");
            }
        }

        int? concurrency = null;
        if (body.TryGetProperty("maxConcurrency", out var sent) && sent.ValueKind != JsonValueKind.Null)
        {
            if (sent.ValueKind != JsonValueKind.Number || !sent.TryGetInt32(out var number))
            {
                return (null, $"maxConcurrency must be a whole number from 1 to {JobIntake.MaxConcurrency}.");
            }

            concurrency = number;
        }

        string? key = keyHeader;
        if (body.TryGetProperty("idempotencyKey", out var sentKey) && sentKey.ValueKind != JsonValueKind.Null)
        {
            if (sentKey.ValueKind != JsonValueKind.String)
            {
                return (null, "idempotencyKey must be a text.");
            }

            key = sentKey.GetString();
        }

        return (new JobRequest(workload, spec, mode, concurrency, key), null);
    }
}
