using System.Net;
using System.Text.Json;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Providers;

/// <summary>
/// Asks the NPPES registry for a page, and believes nothing of the answer that it can check: <c>result_count</c> is the number of rows in the page, each row is a
/// provider, none stands there twice, and some of them are what was asked for. Errors come with HTTP 200.
/// </summary>
internal sealed class NppesClient(UpstreamGates gates)
{
    public const string Upstream = "nppes";

    private static readonly TimeSpan BlockedFor = TimeSpan.FromMinutes(2);

    private readonly UpstreamClient _client = gates.Client(Upstream);

    /// <summary>One page: a <see cref="RegistryPage"/> in a <see cref="CallAnswered{T}"/>, or what came instead.</summary>
    public Task<CallResult> FetchAsync(RegistryQuery query, int page, CallBudget budget, CancellationToken cancellationToken) => _client.SendAsync(
        budget,
        () => PlatformRequest.Get(_client.Options.BaseUrl, query.Address(page), PlatformRequest.Ours),
        (response, cancel) => new PlatformReader(_client, BlockedFor).JsonAsync(response, (status, root) => status == HttpStatusCode.OK ? Read(root, query) : null, cancel),
        cancellationToken);

    /// <summary>The one place where the registry's JSON is interpreted.</summary>
    internal static CallResult Read(JsonElement root, RegistryQuery query)
    {
        if (root.Find("Errors") is { } errors)
        {
            return Refused(errors);
        }

        var rows = root.Require("results").Elements("results");
        var told = root.Int("result_count") ?? throw new FormatException("'result_count' is missing.");
        if (told != rows.Count || rows.Count > RegistryQuery.PageRows)
        {
            return Garbled("result_count does not fit", $"The answer says {told} rows and has {rows.Count}; a page has {RegistryQuery.PageRows} at most.");
        }

        var npis = new long[rows.Count];
        var seen = new HashSet<long>(rows.Count);
        var found = new List<ProviderRecord>(rows.Count);
        var asked = false;
        for (var i = 0; i < rows.Count; i++)
        {
            npis[i] = RegistryProvider.Npi(rows[i]);
            if (!seen.Add(npis[i]))
            {
                return Garbled("repeated rows", $"{npis[i]} stands in one page twice.");
            }

            var taxonomies = RegistryProvider.Taxonomies(rows[i]);
            var provider = RegistryProvider.Read(rows[i], taxonomies);
            if (!Practises(provider.Practice, query))
            {
                continue;
            }

            asked |= taxonomies.Any(taxonomy => query.Means(taxonomy.Code, taxonomy.Description) || taxonomy.Description is null || taxonomy.Description.Contains(query.Description, StringComparison.OrdinalIgnoreCase));
            if (NpiNumber.IsValid(provider.Npi) && taxonomies.Any(taxonomy => query.Means(taxonomy.Code, taxonomy.Description)))
            {
                found.Add(provider);
            }
        }

        return rows.Count > 0 && !asked
            ? Garbled("answer to another question", $"None of {rows.Count} rows is about {query.Description} in {query.Label}.")
            : new CallAnswered<RegistryPage>(new RegistryPage(npis, found));
    }

    /// <summary>Whether it practises where was asked. Cities are left to the registry, which knows more than one spelling.</summary>
    private static bool Practises(ProviderAddress practice, RegistryQuery query) =>
        (query.State is null || query.State.Equals(practice.State, StringComparison.OrdinalIgnoreCase))
        && (query.PostalCode is null || practice.PostalCode?.StartsWith(query.PostalCode, StringComparison.Ordinal) == true);

    /// <summary>What the registry says against the question: the same question would get the same answer.</summary>
    private static CallMissing Refused(JsonElement errors)
    {
        var (number, field, description) = errors.Elements("Errors") is [{ ValueKind: JsonValueKind.Object } error, ..]
            ? (error.Text("number") ?? "?", error.Text("field") ?? "?", error.Text("description") ?? "no description")
            : ("?", "?", ProfileText.Clean(errors.GetRawText()) ?? "nothing");
        return number == "14"
            ? new CallMissing($"{Upstream}: description finds no taxonomy", $"The registry knows no taxonomy by this description: {description}.")
            : new CallMissing($"{Upstream}: error {number}", $"The registry refuses the question, because of {field}: {description}.");
    }

    private static CallGarbled Garbled(string cause, string message) => new($"{Upstream}: {cause}", message);
}
