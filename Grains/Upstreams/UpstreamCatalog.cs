using System.Globalization;
using Microsoft.Extensions.Configuration;
using OrleansBulk.Tabs;

namespace OrleansBulk.Upstreams;

/// <summary>
/// The upstreams this service knows, with the limits that their owners publish or that polite clients keep, and what configuration changes of them.
/// <c>Upstreams:Mode</c> is <c>Simulated</c> (default; base URLs below <c>Upstreams:SimulatorUrl</c>) or <c>Live</c>.
/// </summary>
public sealed class UpstreamCatalog
{
    private readonly Dictionary<string, UpstreamOptions> _byName;

    public UpstreamCatalog(IEnumerable<UpstreamOptions> upstreams)
    {
        _byName = upstreams.ToDictionary(upstream => upstream.Name, StringComparer.Ordinal);
        foreach (var upstream in _byName.Values)
        {
            upstream.Validate();
        }
    }

    public IReadOnlyCollection<UpstreamOptions> All => _byName.Values;

    public UpstreamOptions? Find(string name) => _byName.GetValueOrDefault(name);

    /// <exception cref="KeyNotFoundException">There is no such upstream; names those there are.</exception>
    public UpstreamOptions Get(string name) => Find(name)
        ?? throw new KeyNotFoundException($"There is no upstream '{name}'. Known are: {string.Join(", ", _byName.Keys.Order())}.");

    /// <param name="more">Upstreams that are configured elsewhere: models and their keys.</param>
    public static UpstreamCatalog FromConfiguration(IConfiguration configuration, params IEnumerable<UpstreamOptions> more)
    {
        var section = configuration.GetSection("Upstreams");
        var mode = section["Mode"] ?? "Simulated";
        var live = mode.Equals("Live", StringComparison.OrdinalIgnoreCase);
        if (!live && !mode.Equals("Simulated", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidOperationException($"Upstreams:Mode is '{mode}'; it must be 'Simulated' or 'Live'.");
        }

        var simulator = (section["SimulatorUrl"] ?? "http://127.0.0.1:5081").TrimEnd('/');
        var retries = TabOptions.ReadRetries(configuration); // as the service that wrote to sheets before was told
        return new UpstreamCatalog(Defaults.Select(known => Configure(known, section.GetSection(known.Name), live, simulator))
            .Select(upstream => retries is { } most && upstream.Name.StartsWith("sheets", StringComparison.Ordinal) ? upstream with { Attempts = most + 1 } : upstream).Concat(more));
    }

    private static UpstreamOptions Configure(Known known, IConfigurationSection section, bool live, string simulator)
    {
        var defaults = known.Options(new Uri(live ? known.Live : simulator + known.Simulated), known.SecondLive is null ? null : new Uri(live ? known.SecondLive : simulator + known.SecondSimulated));
        var url = Read(section, "BaseUrl", defaults.BaseUrl, ReadUrl);
        var token = section["Token"] is { Length: > 0 } text ? text : null;
        return defaults with
        {
            BaseUrl = url,
            SecondUrl = Read(section, "SecondUrl", defaults.SecondUrl, ReadUrl),
            Concurrency = Read(section, "Concurrency", defaults.Concurrency, text => int.Parse(text, CultureInfo.InvariantCulture)),
            Limits = Read(section, "Limits", defaults.Limits, CallLimit.ParseList),
            Timeout = Read(section, "Timeout", defaults.Timeout, ReadTime),
            Attempts = Read(section, "Attempts", defaults.Attempts, text => int.Parse(text, CultureInfo.InvariantCulture)),
            RetryDelay = Read(section, "RetryDelay", defaults.RetryDelay, ReadTime),
            MaxRetryDelay = Read(section, "MaxRetryDelay", defaults.MaxRetryDelay, ReadTime),
            Batch = Read(section, "Batch", defaults.Batch, text => int.Parse(text, CultureInfo.InvariantCulture)),
            BreakerFailures = Read(section, "BreakerFailures", defaults.BreakerFailures, text => int.Parse(text, CultureInfo.InvariantCulture)),
            BreakerOpen = Read(section, "BreakerOpen", defaults.BreakerOpen, ReadTime),
            BreakerMaxOpen = Read(section, "BreakerMaxOpen", defaults.BreakerMaxOpen, ReadTime),
            Enabled = Read(section, "Enabled", defaults.Enabled, bool.Parse),
            Token = token is not null && !live && SimulatedSecret.IsAt(simulator, url) ? SimulatedSecret.For(known.Name, token) : token,
        };
    }

    private static T Read<T>(IConfigurationSection section, string key, T fallback, Func<string, T> parse)
    {
        if (section[key] is not { Length: > 0 } text)
        {
            return fallback;
        }

        try
        {
            return parse(text);
        }
        catch (Exception error) when (error is FormatException or OverflowException)
        {
            throw new InvalidOperationException($"{section.Path}:{key} is '{text}', which cannot be read: {error.Message}", error);
        }
    }

    private static TimeSpan ReadTime(string text) => TimeSpan.Parse(text, CultureInfo.InvariantCulture);

    private static Uri ReadUrl(string text) =>
        Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? new Uri(text.TrimEnd('/'))
            : throw new FormatException("wanted is an absolute http or https URL");

    private sealed record Known(string Name, string Live, string Simulated, Func<Uri, Uri?, UpstreamOptions> Options, string? SecondLive = null, string? SecondSimulated = null);

    private static readonly Known[] Defaults =
    [
        // One call every two seconds per address is Codeforces' own rule; user.info takes 10,000 handles, and 65,536 bytes of body hold 1,000 of any length.
        new("codeforces", "https://codeforces.com", "/codeforces", (url, _) => new()
        {
            Name = "codeforces", BaseUrl = url, Concurrency = 1, Limits = [new CallLimit(1, TimeSpan.FromSeconds(2))], Batch = 1000,
            Timeout = TimeSpan.FromSeconds(15), BreakerOpen = TimeSpan.FromSeconds(10),
        }),

        // Nothing is published; clients keep to 20 calls in 10 s, and blocks last for minutes.
        new("leetcode", "https://leetcode.com", "/leetcode", (url, _) => new()
        {
            Name = "leetcode", BaseUrl = url, Concurrency = 4, Limits = [new CallLimit(2, TimeSpan.FromSeconds(1))],
        }),

        // "Sleep for more than 1 second between accesses"; two hosts, one politeness.
        new("atcoder", "https://kenkoooo.com/atcoder", "/atcoder-problems", (url, second) => new()
        {
            Name = "atcoder", BaseUrl = url, SecondUrl = second, Concurrency = 1, Limits = [new CallLimit(1, TimeSpan.FromSeconds(1.2))],
        }, "https://atcoder.jp", "/atcoder"),

        // REST: 60 an hour without a token; with one 5,000 an hour and at most 900 points a minute, and then GraphQL asks for 50 users a call.
        new("github", "https://api.github.com", "/github", (url, _) => new()
        {
            Name = "github", BaseUrl = url, Concurrency = 20, Limits = [new CallLimit(900, TimeSpan.FromMinutes(1))], Batch = 50,
        }),

        // Nothing is published for the site's own JSON: a modest rate.
        new("hackerrank", "https://www.hackerrank.com", "/hackerrank", (url, _) => new()
        {
            Name = "hackerrank", BaseUrl = url, Concurrency = 5, Limits = [new CallLimit(10, TimeSpan.FromSeconds(1))],
        }),
        new("geeksforgeeks", "https://authapi.geeksforgeeks.org", "/geeksforgeeks-auth", (url, second) => new()
        {
            Name = "geeksforgeeks", BaseUrl = url, SecondUrl = second, Concurrency = 5, Limits = [new CallLimit(5, TimeSpan.FromSeconds(1))],
        }, "https://practiceapi.geeksforgeeks.org", "/geeksforgeeks-practice"),

        // No public API any more, only pages made for people: off until somebody decides otherwise.
        new("codechef", "https://www.codechef.com", "/codechef", (url, _) => new()
        {
            Name = "codechef", BaseUrl = url, Concurrency = 1, Limits = [new CallLimit(1, TimeSpan.FromSeconds(2))], Enabled = false,
        }),

        // The registry of healthcare providers publishes no limit: what polite clients keep. A page of 200 providers may take its time.
        new("nppes", "https://npiregistry.cms.hhs.gov", "/nppes", (url, _) => new()
        {
            Name = "nppes", BaseUrl = url, Concurrency = 3, Limits = [new CallLimit(5, TimeSpan.FromSeconds(1))], Timeout = TimeSpan.FromSeconds(30),
        }),

        // Google Sheets: 60 writes and 60 reads a minute for a service account, each a quota of its own, so each has a gate. A call may take long (Google stops at 180 s);
        // Google's advice for retries is 1, 2, 4 … 64 s.
        new("sheets", "https://sheets.googleapis.com", "/sheets", Sheets("sheets"), "https://oauth2.googleapis.com", "/google-oauth"),
        new("sheets-reads", "https://sheets.googleapis.com", "/sheets", Sheets("sheets-reads"), "https://oauth2.googleapis.com", "/google-oauth"),
    ];

    private static Func<Uri, Uri?, UpstreamOptions> Sheets(string name) => (url, second) => new()
    {
        Name = name, BaseUrl = url, SecondUrl = second, Concurrency = 4, Limits = [new CallLimit(60, TimeSpan.FromMinutes(1))],
        Timeout = TimeSpan.FromSeconds(60), RetryDelay = TimeSpan.FromSeconds(1), MaxRetryDelay = TimeSpan.FromSeconds(64),
    };
}
