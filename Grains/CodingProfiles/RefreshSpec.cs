using System.Globalization;
using System.Text.Json;
using OrleansBulk.Jobs;

namespace OrleansBulk.CodingProfiles;

/// <summary>
/// What a <c>profile-refresh</c> job is to do: <c>{"profileIds": [uuid, …]}</c> or <c>{"filter": {platform?, q?, owner?, staleAfter?, state?}}</c>, and
/// <c>maxAgeSeconds</c> (default 300; younger profiles are skipped, 0 refreshes all).
/// </summary>
internal sealed record RefreshSpec(ProfileFilter? Filter, TimeSpan MaxAge)
{
    public const int MostIds = 1_000_000;
    private static readonly TimeSpan DefaultMaxAge = TimeSpan.FromMinutes(5);

    /// <summary>Reads what somebody sent. The problem is a sentence; null when there is none.</summary>
    public static (SpecAccepted? Spec, string? Problem) Read(JsonElement spec, CodingPlatforms platforms)
    {
        if (spec.ValueKind != JsonValueKind.Object)
        {
            return (null, $"spec is {Word(spec)}; a profile-refresh needs an object with profileIds (a list of ids) or filter ({{}} for all profiles).");
        }

        if (ReadMaxAge(spec) is not { } maxAge)
        {
            return (null, "spec.maxAgeSeconds must be a number from 0 to 31536000: profiles fetched within that time are skipped. Default 300.");
        }

        var hasIds = spec.TryGetProperty("profileIds", out var ids) && ids.ValueKind != JsonValueKind.Null;
        var hasFilter = spec.TryGetProperty("filter", out var filter) && filter.ValueKind != JsonValueKind.Null;
        if (hasIds == hasFilter)
        {
            return (null, hasIds ? "spec has both profileIds and filter; send one of them." : "spec needs profileIds (a list of ids) or filter ({} for all profiles).");
        }

        if (hasFilter)
        {
            var (read, problem) = ReadFilter(filter, platforms);
            return read is null ? (null, problem) : (new SpecAccepted(new RefreshSpec(read, maxAge).ToJson()), null);
        }

        var (inputs, wrong) = ReadIds(ids);
        return inputs is null ? (null, wrong) : (new SpecAccepted(new RefreshSpec(null, maxAge).ToJson(), inputs), null);
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static RefreshSpec Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        var filter = root.TryGetProperty("filter", out var stored)
            ? new ProfileFilter(Text(stored, "platform"), Text(stored, "q"), Text(stored, "owner"), Text(stored, "staleAfter") is { } at ? DateTimeOffset.Parse(at, CultureInfo.InvariantCulture) : null, Text(stored, "state"))
            : null;
        return new RefreshSpec(filter, TimeSpan.FromSeconds(root.GetProperty("maxAgeSeconds").GetDouble()));
    }

    public string ToJson() => JsonSerializer.Serialize(Filter is null
        ? (object)new { maxAgeSeconds = MaxAge.TotalSeconds }
        : new { filter = new { platform = Filter.Platform, q = Filter.Query, owner = Filter.Owner, staleAfter = Filter.StaleAfter?.ToString("O", CultureInfo.InvariantCulture), state = Filter.State }, maxAgeSeconds = MaxAge.TotalSeconds });

    private static (IReadOnlyList<JobInput>? Ids, string? Problem) ReadIds(JsonElement ids)
    {
        if (ids.ValueKind != JsonValueKind.Array)
        {
            return (null, $"spec.profileIds is {Word(ids)}; it must be a list of profile ids.");
        }

        var count = ids.GetArrayLength();
        if (count == 0)
        {
            return (null, "spec.profileIds is empty, so there is nothing to refresh. Send at least one id, or a filter.");
        }

        if (count > MostIds)
        {
            return (null, $"spec.profileIds has {count:N0} ids; at most {MostIds:N0} are taken in one job. Send a filter instead, or several jobs.");
        }

        var inputs = new List<JobInput>(count);
        var seen = new HashSet<Guid>(count);
        foreach (var id in ids.EnumerateArray())
        {
            if (id.ValueKind != JsonValueKind.String || !id.TryGetGuid(out var guid))
            {
                return (null, $"spec.profileIds[{inputs.Count}] is {Word(id)}; a profile id is a UUID such as 019a2f6e-0000-7000-8000-000000000000. Nothing was started.");
            }

            inputs.Add(new JobInput(guid.ToString("D"), !seen.Add(guid)));
        }

        return (inputs, null);
    }

    private static (ProfileFilter? Filter, string? Problem) ReadFilter(JsonElement filter, CodingPlatforms platforms)
    {
        if (filter.ValueKind != JsonValueKind.Object)
        {
            return (null, $"spec.filter is {Word(filter)}; it must be an object with any of platform, q, owner, staleAfter, state; {{}} means all profiles.");
        }

        foreach (var member in filter.EnumerateObject())
        {
            if (member.Name is not ("platform" or "q" or "owner" or "staleAfter" or "state"))
            {
                return (null, $"spec.filter has '{member.Name}', which is no filter. Known are platform, q, owner, staleAfter and state; an unknown one would silently mean more profiles than you want.");
            }

            if (member.Value.ValueKind is not (JsonValueKind.String or JsonValueKind.Null) || member.Value.GetString() is { } text && (text.Length > 200 || text.Any(char.IsControl)))
            {
                return (null, $"spec.filter.{member.Name} is {Word(member.Value)}; it must be a text of at most 200 characters without control characters.");
            }
        }

        if (Text(filter, "platform") is { } platform && platforms.WhyUnavailable(platform) is { } why)
        {
            return (null, why);
        }

        if (Text(filter, "state") is not (null or "new" or "found" or "missing"))
        {
            return (null, $"spec.filter.state is '{Text(filter, "state")}'; it must be new, found or missing.");
        }

        DateTimeOffset? staleAfter = null;
        if (Text(filter, "staleAfter") is { } at)
        {
            if (!DateTimeOffset.TryParse(at, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant))
            {
                return (null, $"spec.filter.staleAfter is '{at}'; it must be an instant such as 2026-01-31T12:00:00Z: profiles not fetched since then are meant.");
            }

            staleAfter = instant;
        }

        return (new ProfileFilter(Text(filter, "platform")?.ToLowerInvariant(), Text(filter, "q"), Text(filter, "owner"), staleAfter, Text(filter, "state")), null);
    }

    private static TimeSpan? ReadMaxAge(JsonElement spec)
    {
        if (!spec.TryGetProperty("maxAgeSeconds", out var age) || age.ValueKind == JsonValueKind.Null)
        {
            return DefaultMaxAge;
        }

        return age.ValueKind == JsonValueKind.Number && age.TryGetDouble(out var seconds) && seconds is >= 0 and <= 31_536_000 ? TimeSpan.FromSeconds(seconds) : null;
    }

    private static string? Text(JsonElement parent, string name) => parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Word(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined => "missing",
        JsonValueKind.Null => "null",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String when value.GetString() is { Length: <= 60 } text => $"'{text}'",
        JsonValueKind.String => "a long text",
        _ => value.GetRawText() is { Length: <= 60 } raw ? raw : "a long number",
    };
}
