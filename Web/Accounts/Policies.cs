using Microsoft.AspNetCore.Authorization;

namespace OrleansBulk.Web.Accounts;

/// <summary>Names of the authorization policies, for <c>[Authorize(Policies.Operator)]</c> and <c>RequireAuthorization(Policies.Operator)</c>.</summary>
public static class Policies
{
    public const string Viewer = "Viewer";
    public const string Operator = "Operator";
    public const string Admin = "Admin";

    /// <summary>Adds the policies. Whatever names none needs a viewer: an endpoint that somebody forgot to protect is not open.</summary>
    internal static void Add(AuthorizationOptions options)
    {
        options.AddPolicy(Viewer, policy => policy.RequireRole(Roles.AtLeast(Roles.Viewer)));
        options.AddPolicy(Operator, policy => policy.RequireRole(Roles.AtLeast(Roles.Operator)));
        options.AddPolicy(Admin, policy => policy.RequireRole(Roles.AtLeast(Roles.Admin)));
        options.DefaultPolicy = options.GetPolicy(Viewer)!;
        options.FallbackPolicy = options.GetPolicy(Viewer)!;
    }
}
