using System.Security.Claims;

namespace OrleansBulk.Web.Accounts;

/// <summary>Who acts: the name that stands in the audit and in <c>jobs.created_by</c>.</summary>
public static class Actor
{
    /// <summary>Before an API key's name. User names hold no colon, so a key cannot pass for a user.</summary>
    internal const string KeyPrefix = "key:";

    /// <summary><c>admin</c> for a person, <c>key:first</c> for an API key.</summary>
    /// <exception cref="InvalidOperationException">Nobody is signed in: the endpoint is missing its policy.</exception>
    public static string ActorName(this ClaimsPrincipal principal) =>
        principal.Identity is { IsAuthenticated: true, Name: { } name }
            ? name
            : throw new InvalidOperationException("Nobody is signed in, so nobody can be named as the one who acts. Does this endpoint allow anonymous requests?");
}
