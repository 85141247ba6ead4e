using System.Text.Encodings.Web;
using Microsoft.AspNetCore.WebUtilities;

namespace OrleansBulk.Web.Errors;

/// <summary>
/// What people see when something went wrong. Written by hand and not by Razor, so that it needs neither the database nor the session nor a protected
/// token: it is shown when those are away.
/// </summary>
internal static class ErrorPage
{
    private static readonly object SentenceKey = new();

    /// <summary>Leaves a sentence for the page that follows an answer without a body (a refused form, for example).</summary>
    public static void Explain(HttpContext context, string sentence) => context.Items[SentenceKey] = sentence;

    public static string? Explanation(HttpContext context) => context.Items.TryGetValue(SentenceKey, out var sentence) ? (string?)sentence : null;

    public static Task WriteAsync(HttpContext context, ProblemAnswer problem)
    {
        var html = HtmlEncoder.Default;
        var root = html.Encode(context.Request.PathBase.ToString());
        var title = html.Encode(ReasonPhrases.GetReasonPhrase(problem.Status));
        problem.SetHead(context.Response);
        context.Response.ContentType = "text/html; charset=utf-8";
        return context.Response.WriteAsync(
            $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
              <meta charset="utf-8">
              <meta name="viewport" content="width=device-width, initial-scale=1">
              <title>{title} · OrleansBulk</title>
              <link rel="icon" href="{root}/favicon.svg" type="image/svg+xml">
              <link rel="stylesheet" href="{root}/app.css">
            </head>
            <body>
              <header class="top"><a class="brand" href="{root}/"><img src="{root}/favicon.svg" width="22" height="22" alt="">OrleansBulk</a></header>
              <main id="main">
                <section class="card ask">
                  <h1>{title}</h1>
                  <p>{html.Encode(problem.Sentence)}</p>
                  <p><a class="button plain" href="{root}/">Go to the start page</a></p>
                  <p class="quiet">Status {problem.Status} · trace <code>{html.Encode(ProblemAnswer.TraceId(context))}</code></p>
                </section>
              </main>
            </body>
            </html>

            """,
            context.RequestAborted);
    }
}
