using Microsoft.AspNetCore.Mvc.ViewFeatures;

namespace OrleansBulk.Web.Pages;

/// <summary>What a form came to, shown once in the status region of the page that follows it.</summary>
public static class StatusMessage
{
    internal const string Cookie = "bulk-status";
    private const string Key = "Status";

    /// <summary>Leaves a sentence for the next page: <c>TempData.SetStatus("The job is paused.")</c>.</summary>
    public static void SetStatus(this ITempDataDictionary next, string sentence) => next[Key] = sentence;

    internal static string? TakeStatus(this ITempDataDictionary next, HttpContext context) =>
        context.Request.Cookies.ContainsKey(Cookie) ? next[Key] as string : null; // asking for it without need would set a cookie
}
