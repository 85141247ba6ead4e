using System.Reflection;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Hosting;
using OrleansBulk.Storage;
using OrleansBulk.Web.Settings;

namespace OrleansBulk.Web.Pages.SystemPages;

/// <summary>Silos, database and the settings in effect.</summary>
public sealed class IndexModel(SiloRoster roster, SiloIdentity identity, DatabaseFacts facts, SettingsInEffect settings, TimeProvider time) : PageModel
{
    public string Runtime => roster.Runtime;

    public string ThisSilo => identity.Name;

    /// <summary>With the commit it was built from, where the build knew it.</summary>
    public string Version { get; } = typeof(WebFrame).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public long MemoryBytes => Environment.WorkingSet;

    public IReadOnlyList<SiloInfo> Silos { get; private set; } = [];

    public DatabaseReport Database { get; private set; } = null!;

    public IReadOnlyList<SettingGroup> Settings { get; private set; } = [];

    public DateTimeOffset Now { get; private set; }

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        Now = time.GetUtcNow();
        Silos = await roster.ListAsync();
        Database = await facts.ReadAsync(cancellationToken);
        Settings = settings.Read();
    }
}
