using System.Globalization;
using System.Reflection;
using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;
using OrleansBulk.Upstreams;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Settings;

/// <summary>
/// What this process goes by, read from the options themselves and not from files, so that it is what holds. No text of an option is ever shown, only whether it is
/// set: an option that joins later and holds a secret stays one. Numbers, times, switches, limits and addresses (without user, password and query) are shown.
/// </summary>
public sealed class SettingsInEffect(JobOptions jobs, ForegroundOptions foreground, AccountOptions accounts, UpstreamCatalog catalog, DatabaseSettings database, IConfiguration configuration)
{
    private const string Set = "set";
    private const string NotSet = "not set";
    private static readonly string[] Secrets = ["BULK_ADMIN_PASSWORD", "BULK_API_KEY", Security.DataKey.Setting];

    public IReadOnlyList<SettingGroup> Read() =>
    [
        new("Jobs", Rows("Jobs", jobs, new JobOptions())),
        new("Foreground", Rows("Foreground", foreground, new ForegroundOptions())),
        new("Accounts", [.. Rows(AccountOptions.Section, accounts, new AccountOptions()), .. Secrets.Select(secret => new Setting(secret, IsSet(configuration[secret]), null))]),
        new("Database", [.. ReadDatabase()]),
        .. ReadUpstreams(),
    ];

    private IEnumerable<Setting> ReadDatabase()
    {
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        return
        [
            new("ConnectionStrings:Bulk, host", string.Create(CultureInfo.InvariantCulture, $"{connection.Host}:{connection.Port}"), null),
            new("ConnectionStrings:Bulk, database", connection.Database ?? NotSet, null),
            new("ConnectionStrings:Bulk, user", connection.Username ?? NotSet, null),
            new("ConnectionStrings:Bulk, password", IsSet(connection.Password), null),
            Row("Database:Wait", database.Wait, Migrator.DefaultWait),
        ];
    }

    private IEnumerable<SettingGroup> ReadUpstreams()
    {
        // Base URLs follow from these two, so they are no difference of each upstream.
        var common = configuration.GetSection("Upstreams").GetChildren().Where(child => child.Key is "Mode" or "SimulatorUrl").Select(child => KeyValuePair.Create(child.Path, child.Value));
        var defaults = UpstreamCatalog.FromConfiguration(new ConfigurationBuilder().AddInMemoryCollection(common).Build());
        return catalog.All.OrderBy(upstream => upstream.Name, StringComparer.Ordinal)
            .Select(upstream => new SettingGroup($"Upstream {upstream.Name}", Rows($"Upstreams:{upstream.Name}", upstream, defaults.Find(upstream.Name) ?? upstream)));
    }

    private static IReadOnlyList<Setting> Rows<T>(string section, T options, T defaults) =>
    [
        .. typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite && property.Name != nameof(UpstreamOptions.Name))
            .Select(property => Row($"{section}:{property.Name}", property.GetValue(options), property.GetValue(defaults))),
    ];

    private static Setting Row(string name, object? value, object? fallback)
    {
        var (now, before) = (Words(value), Words(fallback));
        return new Setting(name, now, now == before ? null : before);
    }

    private static string Words(object? value) => value switch
    {
        null => NotSet,
        bool yes => yes ? "yes" : "no",
        int or long or double => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        TimeSpan time => time.ToString("c", CultureInfo.InvariantCulture),
        Uri url => url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped),
        IReadOnlyList<CallLimit> limits => limits.Count == 0 ? "none" : string.Join(", ", limits),
        _ => Set,
    };

    private static string IsSet(string? secret) => string.IsNullOrEmpty(secret) ? NotSet : Set;
}
