using System.Net;
using System.Text.Json;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Web.Api;

/// <summary>Lists of jobs and profiles: walked by key, they show everything once, also while the list grows.</summary>
public sealed class ApiListTests(WebHost host) : IClassFixture<WebHost>
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(10)]
    [InlineData(500)]
    public async Task WalkOverAllJobs_MeetsEachOnce_NewestFirst(int limit)
    {
        using var program = host.Program();
        var key = $"walk-{Guid.NewGuid():N}";
        var ids = await StartJobsAsync(program, key, 20);

        var seen = await WalkAsync(program, $"/api/jobs?q={key}", limit, item => item.GetProperty("id").GetGuid());

        Assert.Equal(ids.AsEnumerable().Reverse(), seen);
    }

    [Fact]
    public async Task JobsThatComeDuringTheWalk_NeitherRepeatNorHideAny()
    {
        using var program = host.Program();
        var key = $"grow-{Guid.NewGuid():N}";
        var ids = await StartJobsAsync(program, key, 12);

        var seen = await WalkAsync(program, $"/api/jobs?q={key}", 5, item => item.GetProperty("id").GetGuid(), onPage: () => StartJobsAsync(program, $"{key}-late", 3));

        Assert.Equal(ids.AsEnumerable().Reverse(), seen);
    }

    [Fact]
    public async Task Jobs_AreFilteredByStatusWorkloadAndSearch()
    {
        using var program = host.Program();
        var key = $"filter-{Guid.NewGuid():N}";
        using var held = host.HoldItems();
        var (running, cancelled) = (await StartJobsAsync(program, key, 1), await StartJobsAsync(program, key + "-x", 1));
        await program.PostAsync($"/api/jobs/{cancelled[0]}/cancel");
        await program.WhenAsync(running[0], "running");
        var refresh = await program.StartAsync(new { workload = "profile-refresh", spec = new { filter = new { q = "nobody-is-called-so" } }, idempotencyKey = key + "-r" });
        await program.WhenAsync(refresh, "completed");
        await program.WhenAsync(cancelled[0], "cancelled");

        async Task<IEnumerable<Guid>> Find(string query) => (await program.GetAsync($"/api/jobs?q={key}{query}")).Json.GetProperty("items").EnumerateArray().Select(job => job.GetProperty("id").GetGuid());
        Assert.Equal(running, await Find("&status=running"));
        Assert.Equal(cancelled, await Find("&status=cancelled"));
        Assert.Equal([refresh], await Find("&workload=profile-refresh"));
        Assert.Equal([cancelled[0], running[0]], await Find("&workload=test"));
        Assert.Empty(await Find("&workload=unheard-of"));
        Assert.Empty(await Find("%25"));
        Assert.Contains(running[0], (await program.GetAsync($"/api/jobs?q={running[0]}")).Json.GetProperty("items").EnumerateArray().Select(job => job.GetProperty("id").GetGuid()));
    }

    [Theory]
    [InlineData("limit=0", "limit is 0; it must be 1 to 500")]
    [InlineData("limit=501", "limit is 501")]
    [InlineData("after=yesterday", "after must be")]
    [InlineData("status=asleep", "queued, planning, running")]
    [InlineData("q=%00", "NUL")]
    [InlineData("workload=%00", "NUL")]
    public async Task QueryForJobsThatCannotBe_GetsASentence(string query, string expected)
    {
        using var program = host.Program();

        Assert.Contains(expected, (await program.GetAsync($"/api/jobs?{query}")).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(12)]
    public async Task WalkOverAllProfiles_MeetsEachOnce_ByPlatformAndHandle(int limit)
    {
        using var program = host.Program();
        var handle = $"w{Guid.NewGuid():N}"[..12];
        await program.PostAsync("/api/coding-profiles", Enumerable.Range(0, 12).Select(number => new { platform = number % 2 == 0 ? "leetcode" : "codeforces", handle = $"{(number % 3 == 0 ? handle.ToUpperInvariant() : handle)}{number:00}" }));

        var seen = await WalkAsync(program, $"/api/coding-profiles?q={handle}", limit, item => $"{item.GetProperty("platform").GetString()}/{item.GetProperty("handle").GetString()!.ToLowerInvariant()}");

        Assert.Equal(Enumerable.Range(0, 12).Select(number => $"{(number % 2 == 0 ? "leetcode" : "codeforces")}/{handle}{number:00}").Order(StringComparer.Ordinal), seen);
    }

    [Fact]
    public async Task Profiles_AreFilteredByPlatformHandleOwnerStateAndAge()
    {
        using var program = host.Program();
        var handle = $"p{Guid.NewGuid():N}"[..12];
        await program.PostAsync("/api/coding-profiles", new[]
        {
            new { platform = "codeforces", handle = handle + "_a", owner = "ada" }, new { platform = "codeforces", handle = handle + "b", owner = "bob" }, new { platform = "leetcode", handle = handle + "_c", owner = "ada" },
        });
        await program.GetAsync($"/api/coding-profiles/codeforces/{handle}_a");

        async Task<string> Find(string query) => string.Join(' ', (await program.GetAsync($"/api/coding-profiles?{query}")).Json.GetProperty("items").EnumerateArray().Select(profile => profile.GetProperty("handle").GetString()![handle.Length..]));
        Assert.Equal("_a b _c", await Find($"q={handle.ToUpperInvariant()}"));
        Assert.Equal("_a _c", await Find($"q={handle}_")); // an underscore, not any character
        Assert.Equal("_a b", await Find($"q={handle}&platform=CodeForces"));
        Assert.Equal("_a _c", await Find($"q={handle}&owner=ada"));
        Assert.Equal("_a", await Find($"q={handle}&state=found"));
        Assert.Equal("b _c", await Find($"q={handle}&staleAfter=3600")); // not fetched within the hour
        Assert.Equal("_a b _c", await Find($"q={handle}&staleAfter={TimeProvider.System.GetUtcNow().AddMinutes(1):yyyy-MM-ddTHH:mm:ssZ}"));
        Assert.Equal("b _c", await Find($"q={handle}&staleAfter=2020-01-31T12:00:00%2B02:00"));
    }

    [Theory]
    [InlineData("limit=0", "limit is 0; it must be 1 to 500")]
    [InlineData("limit=501", "limit is 501")]
    [InlineData("after=codeforces", "after must be")]
    [InlineData("staleAfter=yesterday", "must be an instant")]
    [InlineData("staleAfter=-5", "must be an instant")]
    [InlineData("staleAfter=1e300", "must be an instant")]
    [InlineData("q=%00", "NUL")]
    [InlineData("owner=%00", "NUL")]
    public async Task QueryForProfilesThatCannotBe_GetsASentence(string query, string expected)
    {
        using var program = host.Program();

        Assert.Contains(expected, (await program.GetAsync($"/api/coding-profiles?{query}")).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
    }

    private static async Task<IReadOnlyList<Guid>> StartJobsAsync(WebHostClient program, string key, int count)
    {
        var ids = new List<Guid>();
        for (var number = 0; number < count; number++)
        {
            ids.Add(await program.StartAsync(new { workload = TestWorkload.WorkloadName, spec = new { items = 1 }, idempotencyKey = $"{key}-{number}" }));
        }

        return ids;
    }

    private static async Task<IReadOnlyList<T>> WalkAsync<T>(WebHostClient program, string path, int limit, Func<JsonElement, T> read, Func<Task>? onPage = null)
    {
        var seen = new List<T>();
        string? after = null;
        do
        {
            var page = await program.GetAsync($"{path}&limit={limit}{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}");
            Assert.True(page.Status == HttpStatusCode.OK, page.ToString());
            Assert.InRange(page.Json.GetProperty("items").GetArrayLength(), 0, limit);
            seen.AddRange(page.Json.GetProperty("items").EnumerateArray().Select(read));
            after = page.Json.GetProperty("next").GetString();
            await (onPage?.Invoke() ?? Task.CompletedTask);
        }
        while (after is not null);

        return seen;
    }
}
