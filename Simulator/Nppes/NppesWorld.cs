using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansBulk.Simulator.Scenarios;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Nppes;

/// <summary>All providers of the registry, made when first asked for.</summary>
internal sealed class NppesWorld
{
    private readonly Lazy<(IReadOnlyList<NppesProvider> Providers, Dictionary<long, string> Recorded)> _all;
    private readonly Lazy<IReadOnlyList<NppesTaxonomy>> _taxonomies;
    private readonly string _made;

    private NppesWorld(Scenario scenario)
    {
        _made = Key(scenario);
        _all = new(() => Make(scenario), LazyThreadSafetyMode.ExecutionAndPublication);
        _taxonomies = new(() => [.. Providers.SelectMany(provider => provider.Taxonomies).Distinct()]);
    }

    /// <summary>In the order in which the registry answers.</summary>
    public IReadOnlyList<NppesProvider> Providers => _all.Value.Providers;

    /// <summary>Those that any provider has.</summary>
    public IReadOnlyList<NppesTaxonomy> Taxonomies => _taxonomies.Value;

    /// <summary>The answer about an organisation as it was recorded; null for made-up providers.</summary>
    public string? Recorded(long npi) => _all.Value.Recorded.GetValueOrDefault(npi);

    /// <summary>The world of a scenario: the same as before where nothing of it changed.</summary>
    public static NppesWorld Of(Scenario scenario, NppesWorld? earlier) => earlier?._made == Key(scenario) ? earlier : new NppesWorld(scenario);

    private static string Key(Scenario scenario) => $"{scenario.Seed}/{scenario.Revision}/{scenario.ChangedPerRevision}/{JsonSerializer.Serialize(scenario.Nppes)}";

    private static (IReadOnlyList<NppesProvider> Providers, Dictionary<long, string> Recorded) Make(Scenario scenario)
    {
        var settings = scenario.Nppes;
        var recorded = settings.Recorded ? Organizations() : [];
        var taxonomies = settings.Taxonomies.Count == 0 ? NppesTaxonomy.All : [.. NppesTaxonomy.All.Where(taxonomy => settings.Taxonomies.Contains(taxonomy.Code))];
        var all = recorded.Select(organization => Read(organization.Value)).ToList();
        var number = 0;
        for (; number < settings.Providers; number++)
        {
            var draw = Draw.For(scenario.Seed, "nppes", "state", number);
            all.Add(NppesProvider.Make(scenario, number, draw.Pick(NppesStates.All).Code, taxonomies));
        }
        foreach (var (state, count) in settings.States.OrderBy(state => state.Key, StringComparer.Ordinal))
        {
            for (var i = 0; i < count; i++) all.Add(NppesProvider.Make(scenario, number++, state, taxonomies));
        }
        return (all, recorded);
    }

    private static Dictionary<long, string> Organizations()
    {
        using var stream = typeof(NppesWorld).Assembly.GetManifestResourceStream("Nppes.organizations.json")!;
        return JsonNode.Parse(stream)!.AsArray().ToDictionary(organization => long.Parse(organization!["number"]!.ToString()), organization => organization!.ToJsonString());
    }

    /// <summary>What searches look at; the answer itself is the recorded one.</summary>
    private static NppesProvider Read(string json)
    {
        var row = JsonNode.Parse(json)!;
        var taxonomies = row["taxonomies"]!.AsArray();
        return new NppesProvider
        {
            Npi = long.Parse(row["number"]!.ToString()),
            Name = row["basic"]!["organization_name"]!.GetValue<string>(),
            Practice = Place("LOCATION"),
            Mailing = Place("MAILING"),
            Taxonomies = [.. taxonomies.Select(taxonomy => new NppesTaxonomy(taxonomy!["code"]!.GetValue<string>(), taxonomy["desc"]!.GetValue<string>()))],
            PrimaryAt = taxonomies.Index().First(taxonomy => taxonomy.Item!["primary"]!.GetValue<bool>()).Index,
        };

        NppesPlace Place(string purpose)
        {
            var address = row["addresses"]!.AsArray().First(address => address!["address_purpose"]!.GetValue<string>() == purpose)!;
            return new NppesPlace("", null, Text("city"), Text("state"), Text("postal_code"), null, null);
            string Text(string name) => address[name]!.GetValue<string>();
        }
    }
}
