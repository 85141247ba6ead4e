using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.Mvc.RazorPages.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Foreground;

namespace OrleansBulk.Tests.Web.Tabs;

/// <summary>The pages of tabs while the source does not answer.</summary>
public sealed class TabSourceAwayTests
{
    [Fact]
    public async Task SourceThatDoesNotAnswer_IsSaid_AndNobodyWaitsForIt()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0); // takes connections and says nothing
        silent.Start();
        await using var host = await WebHost.StartAsync(null, ("ConnectionStrings:TabSource", $"Host=127.0.0.1;Port={((IPEndPoint)silent.LocalEndpoint).Port};Username=nobody;Database=nothing"));
        await host.Postgres.ExecuteAsync("INSERT INTO tabs (name, watermark_at, watermark_key) VALUES ('chat-logs', now(), '1'); INSERT INTO tab_syncs (tab, job_id, started_at, finished_at, is_full, is_whole) VALUES ('chat-logs', gen_random_uuid(), now(), now(), false, true)");
        using var program = host.Program();

        var tab = (await program.GetAsync("/api/tabs")).Json.EnumerateArray().First(view => view.GetProperty("name").GetString() == "chat-logs");

        Assert.Equal(("unknown", System.Text.Json.JsonValueKind.Null), (tab.GetProperty("state").GetString(), tab.GetProperty("waiting").ValueKind));
        Assert.StartsWith("The source ", tab.GetProperty("error").GetString(), StringComparison.Ordinal);
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);
        var page = await browser.ReadAsync("/tabs");
        Assert.Contains("not known", page, StringComparison.Ordinal);
        Assert.DoesNotContain("up to date", page, StringComparison.Ordinal);

        // What a page waits for the source says nothing about how slow this service is.
        var descriptors = host.Services.GetRequiredService<IActionDescriptorCollectionProvider>().ActionDescriptors.Items.OfType<PageActionDescriptor>().Where(page => page.ViewEnginePath.StartsWith("/Tabs/", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, descriptors.Count);
        foreach (var descriptor in descriptors)
        {
            var compiled = await host.Services.GetRequiredService<PageLoader>().LoadAsync(descriptor, EndpointMetadataCollection.Empty);
            Assert.Contains((compiled.Endpoint?.Metadata ?? (IEnumerable<object>?)compiled.EndpointMetadata)!, data => data is NotForegroundAttribute);
        }
    }
}
