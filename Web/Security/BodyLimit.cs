using Microsoft.AspNetCore.Mvc;

namespace OrleansBulk.Web.Security;

/// <summary>How large a body may be: a megabyte, unless an endpoint takes more.</summary>
public static class BodyLimit
{
    public const long DefaultBytes = 1024 * 1024;

    /// <summary>Lets this endpoint take bodies of up to <paramref name="bytes"/>. Pages use <c>[RequestSizeLimit]</c>.</summary>
    public static TBuilder WithBodyLimit<TBuilder>(this TBuilder endpoint, long bytes)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new RequestSizeLimitAttribute(bytes));
}
