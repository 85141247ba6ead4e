namespace OrleansBulk.Web.Accounts;

/// <summary>What people and keys may do. Each role may do all that the one before it may: a viewer sees, an operator starts and stops, an admin lets others in.</summary>
public static class Roles
{
    public const string Viewer = "viewer";
    public const string Operator = "operator";
    public const string Admin = "admin";

    /// <summary>From the least to the most powerful.</summary>
    public static readonly IReadOnlyList<string> All = [Viewer, Operator, Admin];

    /// <summary>The role and those above it.</summary>
    public static string[] AtLeast(string role) => [.. All.SkipWhile(other => other != role)];
}
