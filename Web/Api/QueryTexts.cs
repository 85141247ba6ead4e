using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Api;

/// <summary>Texts that somebody sends to compare with those in the database, which holds no NUL.</summary>
internal static class QueryTexts
{
    public static readonly ProblemAnswer Nul = Problems.BadRequest("A filter has a NUL character in it, which nothing here has; leave it out.");

    public static bool HaveNul(params ReadOnlySpan<string?> texts)
    {
        foreach (var text in texts)
        {
            if (text is not null && text.Contains('\0'))
            {
                return true;
            }
        }

        return false;
    }
}
