using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Npgsql;
using OrleansBulk.Distribution;
using OrleansBulk.Ingest;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Web.Errors;

/// <summary>
/// Turns what escaped from an endpoint into an answer: problem+json for programs, a page for people. What is the caller's fault says where; what is ours
/// says nothing but the trace id, under which the log has the rest.
/// </summary>
internal sealed partial class ExceptionAnswers(ILogger<ExceptionAnswers> logger) : IExceptionHandler
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var problem = Describe(httpContext, exception);
        if (ApiPaths.Cover(httpContext.Request.Path))
        {
            await problem.ExecuteAsync(httpContext);
        }
        else
        {
            await ErrorPage.WriteAsync(httpContext, problem);
        }

        return true;
    }

    private ProblemAnswer Describe(HttpContext context, Exception exception)
    {
        // Bad requests come before the database: a BadHttpRequestException is an IOException, and those count as "away".
        switch (exception)
        {
            case IngestBusyException busy:
                return Problems.Unavailable(busy.Message, RetryAfter);
            case DistributionBusyException busy:
                return Problems.Unavailable(busy.Message, RetryAfter);
            case JobNotFoundException missing:
                return Problems.NotFound(missing.Message);
            case BadHttpRequestException { InnerException: JsonException json }:
                return BadJson(json);
            case JsonException json:
                return BadJson(json);
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return Problems.TooLarge("The body is larger than this address takes. Send it in smaller parts.");
            case BadHttpRequestException { StatusCode: StatusCodes.Status415UnsupportedMediaType } bad:
                return Problems.UnsupportedFormat(Sentence(bad.Message));
            case BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout }:
                return Problems.Other(StatusCodes.Status408RequestTimeout, "The body came too slowly. Send it again, or in smaller parts.");
            case BadHttpRequestException bad:
                return Problems.Other(bad.StatusCode, Sentence(bad.Message));
        }

        if (Database.IsAway(exception) || GrainFaults.MayHaveRun(exception))
        {
            LogAway(context.Request.Method, context.Request.Path, exception.Message);
            return Problems.Unavailable(
                IsDatabase(exception)
                    ? "The database does not answer now. Nothing is lost; try again in a few seconds."
                    : "A part of the service does not answer now. Try again in a few seconds.",
                RetryAfter);
        }

        LogFailed(exception, context.Request.Method, context.Request.Path, ProblemAnswer.TraceId(context));
        return Problems.Other(
            StatusCodes.Status500InternalServerError,
            $"This should not have happened, and it is not your fault. The log knows it as {ProblemAnswer.TraceId(context)}.");
    }

    private static ProblemAnswer BadJson(JsonException json) => Problems.BadRequest(
        json.LineNumber is { } line
            ? $"The body is not the JSON that is expected here: line {line + 1}, byte {json.BytePositionInLine + 1}{At(json.Path)}."
            : "The body is not the JSON that is expected here. Compare it with /openapi/v1.json.",
        ("line", json.LineNumber + 1),
        ("byte", json.BytePositionInLine + 1),
        ("path", json.Path));

    private static string At(string? path) => path is null or "" or "$" ? "" : $", at {path}";

    private static bool IsDatabase(Exception? exception) => exception is NpgsqlException || (exception?.InnerException is { } inner && IsDatabase(inner));

    private static string Sentence(string message) => message.EndsWith('.') ? message : message + ".";

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} {Path} found something away: {Reason}")]
    private partial void LogAway(string method, string path, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed (trace {TraceId}).")]
    private partial void LogFailed(Exception exception, string method, string path, string traceId);
}
