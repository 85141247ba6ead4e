using Microsoft.AspNetCore.Mvc.Core.Infrastructure;
using Microsoft.AspNetCore.Mvc.Filters;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Security;

/// <summary>Says in words why a form was refused: mostly it was open for longer than the session.</summary>
internal sealed class StaleForms : IAlwaysRunResultFilter
{
    public void OnResultExecuting(ResultExecutingContext context)
    {
        if (context.Result is IAntiforgeryValidationFailedResult)
        {
            ErrorPage.Explain(
                context.HttpContext,
                "The form was not taken: it was opened before you signed in, or it did not come from this site. Nothing was changed. Go back, reload the page and send it again.");
        }
    }

    public void OnResultExecuted(ResultExecutedContext context)
    {
    }
}
