using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Accounts;

/// <summary>Streams of events that outlive the right to read them.</summary>
public sealed class OngoingAccessTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>, IAsyncLifetime
{
    private readonly Channel<string> _events = Channel.CreateUnbounded<string>();
    private TestWeb _web = null!;

    public async Task InitializeAsync() => _web = await TestWeb.StartAsync(database.ConnectionString, map: app =>
        app.MapGet("/stream", (HttpContext context, OngoingAccess access) => TypedResults.ServerSentEvents(access.WhileItHoldsAsync(context, _events.Reader.ReadAllAsync(context.RequestAborted), context.RequestAborted)))
            .RequireAuthorization(Policies.Viewer));

    public async Task DisposeAsync()
    {
        _events.Writer.TryComplete(); // a stream that goes on would hold up the stop
        await _web.DisposeAsync();
    }

    [Fact]
    public async Task Stream_EndsWithTheKeyThatOpenedIt()
    {
        var (id, secret) = await _web.MakeKeyAsync(Roles.Viewer);
        using var program = _web.Program(secret);
        await EndsWhenAsync(program.GetStreamAsync, async () => Assert.True(await _web.Services.GetRequiredService<ApiKeyStore>().RevokeAsync(id, default)));
    }

    [Fact]
    public async Task Stream_EndsWithTheUserWhoOpenedIt()
    {
        using var browser = await _web.VisitAsAsync(Roles.Viewer);
        var users = _web.Services.GetRequiredService<UserStore>();
        var id = (await users.FindByNameAsync(browser.UserName!, default))!.Id;
        await EndsWhenAsync(async path => await (await browser.OpenAsync(path)).Content.ReadAsStreamAsync(), async () => Assert.True(await users.DisableAsync(id, default)));
    }

    private async Task EndsWhenAsync(Func<string, Task<Stream>> open, Func<Task> shut)
    {
        _events.Writer.TryWrite("first");
        using var stream = new StreamReader(await open("/stream"));
        Assert.Equal("data: first", await NextAsync());
        _web.Clock.Advance(OngoingAccess.LookEvery);
        _events.Writer.TryWrite("second");
        Assert.Equal("data: second", await NextAsync());

        await shut();
        _web.Clock.Advance(TimeSpan.FromSeconds(30)); // as long as what was read is believed
        _events.Writer.TryWrite("third");

        Assert.Null(await NextAsync());

        async Task<string?> NextAsync()
        {
            string? line;
            do
            {
                line = await stream.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
            }
            while (line == "");

            return line;
        }
    }
}
