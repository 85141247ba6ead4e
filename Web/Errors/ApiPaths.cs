namespace OrleansBulk.Web.Errors;

/// <summary>Which requests come from programs: they are answered in problem+json and never redirected. All others come from people.</summary>
public static class ApiPaths
{
    private static readonly PathString[] Roots = ["/api", "/openapi", "/metrics", "/healthz", "/readyz"];

    public static bool Cover(PathString path) => Array.Exists(Roots, root => path.StartsWithSegments(root, StringComparison.OrdinalIgnoreCase));
}
