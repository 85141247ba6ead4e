using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.WebUtilities;

namespace OrleansBulk.Web.Errors;

/// <summary>Gives a body to refusals that have none: unknown routes, wrong methods, wrong formats, refused forms.</summary>
internal static class EmptyAnswers
{
    public static Task FillAsync(StatusCodeContext status)
    {
        var context = status.HttpContext;
        return ApiPaths.Cover(context.Request.Path)
            ? Problems.Other(context.Response.StatusCode, ForProgram(context)).ExecuteAsync(context)
            : ErrorPage.WriteAsync(context, Problems.Other(context.Response.StatusCode, ErrorPage.Explanation(context) ?? ForPerson(context)));
    }

    private static string ForProgram(HttpContext context)
    {
        var (method, path) = (context.Request.Method, context.Request.Path);
        return context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => $"There is nothing at {method} {path}. The API is described at /openapi/v1.json.",
            StatusCodes.Status405MethodNotAllowed => $"{path} does not take {method}; it takes {context.Response.Headers.Allow}.",
            StatusCodes.Status415UnsupportedMediaType when string.IsNullOrEmpty(context.Request.ContentType) =>
                $"The request has no Content-Type. Say what the body is, for example Content-Type: application/json.",
            StatusCodes.Status415UnsupportedMediaType =>
                $"{method} {path} does not read {context.Request.ContentType}. Send application/json, or a format that /openapi/v1.json lists for it.",
            StatusCodes.Status400BadRequest => $"{method} {path} could not be understood. Compare it with /openapi/v1.json.",
            var other => $"{method} {path} was answered with {other} {ReasonPhrases.GetReasonPhrase(other)}.",
        };
    }

    private static string ForPerson(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => "There is no page at this address. It may have been removed, or the link is wrong.",
        StatusCodes.Status405MethodNotAllowed => "This page cannot be used in this way.",
        StatusCodes.Status400BadRequest => "The request could not be understood. Go back, reload the page and try again.",
        StatusCodes.Status413PayloadTooLarge => "What you sent is larger than this page takes. Send it in smaller parts.",
        _ => "The page could not be shown. Try again in a moment.",
    };
}
