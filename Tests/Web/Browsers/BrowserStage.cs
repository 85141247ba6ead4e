using Microsoft.Playwright;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Browsers;

/// <summary>The service and a browser that looks at it, for all tests of a class.</summary>
public sealed class BrowserStage : IAsyncLifetime
{
    private readonly Dictionary<string, string> _sessions = []; // by role: what a browser keeps of a sign-in
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public WebHost Host { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (Chromium.Path is null)
        {
            return;
        }

        Host = await WebHost.StartAsync(null, ("Upstreams:hackerrank:Concurrency", "10"));
        Assertions.SetDefaultExpectTimeout(30_000);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Chromium.Path, Args = ["--no-sandbox", "--disable-dev-shm-usage"] });
    }

    /// <summary>A page of somebody with this role. What goes wrong in its scripts fails the test that closes it.</summary>
    public async Task<Visit> VisitAsync(string role = Roles.Operator, bool phone = false, bool dark = false, bool scripts = true, Uri? address = null)
    {
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = (address ?? Host.Address).ToString(),
            ViewportSize = phone ? new ViewportSize { Width = 390, Height = 844 } : new ViewportSize { Width = 1280, Height = 800 },
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
            JavaScriptEnabled = scripts,
            StorageState = address is null ? _sessions.GetValueOrDefault(role) : null,
        });
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(60_000);
        var visit = new Visit(context, page);
        if (address is not null)
        {
            await visit.SignInAsync(await Host.AddUserAsync(role), WebHost.AdminPassword);
        }
        else if (!_sessions.ContainsKey(role))
        {
            await visit.SignInAsync(await Host.AddUserAsync(role), WebHost.AdminPassword);
            _sessions[role] = await context.StorageStateAsync();
        }

        return visit;
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        if (Host is not null)
        {
            await Host.DisposeAsync();
        }
    }
}
