using System.Text;
using Microsoft.Playwright;

namespace OrleansBulk.Tests.Web.Browsers;

/// <summary>A file on its way from a browser.</summary>
public sealed class UploadTests(BrowserStage stage) : IClassFixture<BrowserStage>
{
    [BrowserFact]
    public async Task FileWhoseAnswerDidNotCome_IsSaidToBeUnknown_AndSentAgainIsTheSameIngest()
    {
        await using var visit = await stage.VisitAsync();
        var page = visit.Page;
        await visit.GoAsync("/ingest");
        await page.RouteAsync("**/api/ingest?*", async route =>
        {
            await route.FetchAsync(); // the service has it
            await route.AbortAsync(); // and the browser does not hear of it
        }, new() { Times = 1 });
        await page.Locator("input[type=file]").SetInputFilesAsync(new FilePayload { Name = "lost.csv", MimeType = "text/csv", Buffer = Encoding.UTF8.GetBytes("id,username\nlost1,Ada\nlost2,Bob\n") });

        await visit.ClickAsync("Ingest");
        await visit.SeesAsync("The connection broke, so it is not known whether it was kept. Sending it again is safe");
        await visit.ClickAsync("Ingest");
        await page.WaitForURLAsync("**/ingest/*");

        Assert.Equal(1, await stage.Host.Postgres.QueryAsync<long>("SELECT count(*) FROM jobs WHERE workload = 'profile-ingest' AND spec->>'source' = 'lost.csv'"));
    }
}
