using OrleansBulk.Jobs;
using OrleansBulk.Storage;
using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>What a refresh would do: counted in the database, reckoned with the limits that are in force.</summary>
internal sealed class RefreshForecast(Database database, CodingPlatforms platforms, UpstreamGates gates, UpstreamLimitStore lowered, TimeProvider time)
{
    private static readonly TimeSpan UnknownLatency = TimeSpan.FromMilliseconds(500);

    private const string FilterSql = """
        -- name: ForecastFilter
        SELECT platform, count(*), count(*) FILTER (WHERE fetched_at > $6) FROM coding_profiles
        WHERE ($1::text IS NULL OR platform = $1) AND ($2::text IS NULL OR handle_key LIKE $2) AND ($3::text IS NULL OR owner = $3)
          AND ($4::timestamptz IS NULL OR fetched_at IS NULL OR fetched_at < $4) AND ($5::text IS NULL OR state = $5)
        GROUP BY platform
        """;

    private const string IdsSql = """
        -- name: ForecastIds
        SELECT platform, count(*), count(*) FILTER (WHERE fetched_at > $2) FROM coding_profiles WHERE id = ANY($1) GROUP BY platform
        """;

    public async Task<JobForecast> MakeAsync(SpecAccepted accepted, int concurrency, CancellationToken cancellationToken)
    {
        var spec = RefreshSpec.Parse(accepted.Spec);
        var freshSince = time.GetUtcNow() - spec.MaxAge;
        var ids = accepted.Inputs?.Where(input => !input.Duplicate).Select(input => Guid.Parse(input.Value)).ToArray();
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var count = ids is null ? connection.Sql(FilterSql).With(spec.Filter!).With(freshSince) : connection.Sql(IdsSql).With(ids).With(freshSince);
        var counted = await count.ListAsync(row => (Platform: row.GetString(0), Items: row.GetInt64(1), Fresh: row.GetInt64(2)), cancellationToken);

        var limits = await lowered.ListAsync(cancellationToken);
        var known = counted.Sum(platform => platform.Items);
        var calls = new SortedDictionary<string, long>(StringComparer.Ordinal);
        (double Seconds, string? Platform) longest = (0, null);
        foreach (var (platform, items, fresh) in counted.Where(platform => platform.Items > platform.Fresh))
        {
            var perCall = platforms.Find(platform)?.ProfilesPerCall ?? 1;
            calls[platform] = (items - fresh + perCall - 1) / perCall;
            var seconds = gates.Catalog.Find(platform) is { } upstream ? Seconds(InForce(upstream), calls[platform], concurrency) : 0;
            longest = seconds >= longest.Seconds ? (seconds, platform) : longest;
        }

        return new JobForecast(
            accepted.Inputs?.Count ?? known,
            accepted.Inputs is null ? 0 : accepted.Inputs.Count - ids!.Length,
            ids is null ? 0 : ids.Length - known,
            counted.Sum(platform => platform.Fresh),
            calls,
            longest.Platform is null ? null : new EtaRange((long)Math.Floor(longest.Seconds * 0.9), (long)Math.Ceiling(longest.Seconds * 1.5) + 1),
            longest.Platform is null ? null : LimitsOf(InForce(gates.Catalog.Get(longest.Platform))));

        UpstreamOptions InForce(UpstreamOptions upstream) => limits.GetValueOrDefault(upstream.Name)?.Of(upstream) ?? upstream;
    }

    /// <summary>What bounds it, in words; not where it is.</summary>
    private static string LimitsOf(UpstreamOptions upstream) =>
        $"{upstream.Name}: {upstream.Concurrency} at once{string.Concat(upstream.Limits.Select(limit => $", {limit}"))}";

    /// <summary>Calls under the limits of their upstream: by the rate, or by what runs at once, whichever takes longer.</summary>
    private double Seconds(UpstreamOptions upstream, long calls, int concurrency)
    {
        var latency = (gates.Look(upstream.Name).Latency ?? UnknownLatency).TotalSeconds;
        var byConcurrency = calls * latency / Math.Min(concurrency, upstream.Concurrency);
        return upstream.CallsPerSecond is { } rate ? Math.Max((calls - 1) / rate + latency, byConcurrency) : byConcurrency;
    }
}
