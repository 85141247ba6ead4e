using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.Mvc.RazorPages.Infrastructure;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Web.Security;

/// <summary>Every page there is, as the routes and the page models tell: one that is added later is among them.</summary>
/// <param name="Route">As <c>/jobs/{id:guid}</c>.</param>
/// <param name="Changes">It has a handler for POST.</param>
/// <param name="Policies">What it asks for by itself; none: what holds for everything.</param>
/// <param name="Texts">Texts that the address may bring.</param>
internal sealed record PageRoute(string Route, bool Changes, bool IsOpen, IReadOnlyList<string> Policies, IReadOnlyList<string> Texts)
{
    public static async Task<IReadOnlyList<PageRoute>> AllAsync(WebHost host)
    {
        var loader = host.Services.GetRequiredService<PageLoader>();
        var pages = new List<PageRoute>();
        foreach (var endpoint in host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>())
        {
            if (endpoint.Metadata.GetMetadata<PageActionDescriptor>() is { } descriptor)
            {
                var page = await loader.LoadAsync(descriptor, endpoint.Metadata);
                var metadata = page.Endpoint?.Metadata ?? endpoint.Metadata;
                pages.Add(new PageRoute(
                    "/" + endpoint.RoutePattern.RawText!.TrimStart('/'),
                    page.HandlerMethods.Any(handler => handler.HttpMethod == "Post"),
                    metadata.GetMetadata<IAllowAnonymous>() is not null,
                    [.. metadata.GetOrderedMetadata<IAuthorizeData>().Select(authorize => authorize.Policy).OfType<string>()],
                    [.. page.BoundProperties.Where(property => property.ParameterType == typeof(string)).Select(property => property.Name)
                        .Concat(page.HandlerMethods.Where(handler => handler.HttpMethod == "Get").SelectMany(handler => handler.Parameters)
                            .Where(parameter => parameter.ParameterType == typeof(string)).Select(parameter => parameter.Name))]));
            }
        }

        return pages;
    }
}
