using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace OrleansBulk.Tests.Web.Browsers;

/// <summary>Somebody at a page.</summary>
public sealed class Visit : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _faults = [];

    public Visit(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.PageError += (_, fault) => _faults.Enqueue(fault);
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
            {
                _faults.Enqueue(message.Text);
            }
        };
    }

    public IPage Page { get; }

    public ILocator Connection => Page.Locator("#connection");

    public ILocator Heading => Page.Locator("h1");

    public async Task SignInAsync(string name, string password)
    {
        await Page.GotoAsync("/account/sign-in");
        await FillSignInAsync(name, password);
        await Page.WaitForURLAsync("**/");
    }

    /// <summary>Fills the sign-in that is open.</summary>
    public async Task FillSignInAsync(string name, string password)
    {
        await Page.GetByLabel("Name").FillAsync(name);
        await Page.GetByLabel("Password").FillAsync(password);
        await ClickAsync("Sign in");
    }

    public Task GoAsync(string path) => Page.GotoAsync(path);

    /// <summary>Clicks the button or link of this name.</summary>
    public Task ClickAsync(string name) => Page.Locator("main").GetByRole(AriaRole.Button, new() { Name = name }).Or(Page.Locator("main").GetByRole(AriaRole.Link, new() { Name = name })).First.ClickAsync();

    /// <summary>Waits until the page shows this.</summary>
    public Task SeesAsync(string text) => Assertions.Expect(Page.Locator("main")).ToContainTextAsync(text);

    public Task SeesNothingOfAsync(string text) => Assertions.Expect(Page.Locator("main")).Not.ToContainTextAsync(text);

    /// <summary>By how many pixels the page is wider than the window.</summary>
    public Task<int> SidewaysAsync() => Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

    /// <summary>As when a session ends while a page is open.</summary>
    public Task LoseSessionAsync() => _context.ClearCookiesAsync(new() { Name = "bulk-session" });

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        Assert.Empty(_faults);
    }
}
