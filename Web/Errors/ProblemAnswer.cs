using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace OrleansBulk.Web.Errors;

/// <summary>
/// An answer that says what is wrong: RFC 9457 problem+json with a sentence in <c>detail</c>, the <c>traceId</c> under which the log knows the request,
/// and <c>Retry-After</c> where waiting helps. Made by <see cref="Problems"/>.
/// </summary>
public sealed class ProblemAnswer : IResult, IStatusCodeHttpResult
{
    private readonly (string Name, object? Value)[] _more;

    internal ProblemAnswer(int status, string sentence, TimeSpan? retryAfter = null, params (string Name, object? Value)[] more)
    {
        (Status, Sentence, RetryAfter, _more) = (status, sentence, retryAfter, more);
    }

    public int Status { get; }

    public string Sentence { get; }

    public TimeSpan? RetryAfter { get; }

    int? IStatusCodeHttpResult.StatusCode => Status;

    /// <summary>The id under which this request is found in the log.</summary>
    internal static string TraceId(HttpContext context) => Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;

    /// <summary>Sets the status and the headers only, for answers with another body.</summary>
    internal void SetHead(HttpResponse response)
    {
        response.StatusCode = Status;
        if (RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }
    }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        SetHead(httpContext.Response);
        var problem = new ProblemDetails { Status = Status, Title = ReasonPhrases.GetReasonPhrase(Status), Detail = Sentence };
        problem.Extensions["traceId"] = TraceId(httpContext);
        foreach (var (name, value) in _more)
        {
            if (value is not null)
            {
                problem.Extensions[name] = value;
            }
        }

        return httpContext.Response.WriteAsJsonAsync(problem, JsonSerializerOptions.Web, "application/problem+json", httpContext.RequestAborted);
    }
}
