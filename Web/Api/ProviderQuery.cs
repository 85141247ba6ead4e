using System.Globalization;
using System.Text.Json;
using OrleansBulk.Providers;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Api;

/// <summary>What a request says about providers: filters as its query or body has them, and where a page ended.</summary>
internal static class ProviderQuery
{
    private const char Between = '\u001f';

    /// <summary>The filter, or the problem with it. Specialties may be given by code or by name.</summary>
    public static (ProviderFilter? Filter, ProblemAnswer? Problem) Read(string? state, string? city, string? taxonomy, string? search, string? status)
    {
        if (QueryTexts.HaveNul(state, city, taxonomy, search, status))
        {
            return (null, QueryTexts.Nul);
        }

        var code = None(taxonomy) is { } asked ? CodeOf(asked) : null;
        if (code is null && None(taxonomy) is not null)
        {
            return (null, Problems.BadRequest($"'{ProfileWords.Clean(taxonomy!)}' is no taxonomy code such as 207R00000X, and no specialty that is known by name."));
        }

        var filter = new ProviderFilter(None(state)?.ToUpperInvariant(), None(city), code, None(search), None(status));
        return filter.Problem() is { } problem ? (null, Problems.BadRequest(problem)) : (filter, null);
    }

    /// <summary>The same as a JSON object: {state, city, taxonomy, q, status}.</summary>
    public static (ProviderFilter? Filter, ProblemAnswer? Problem) Read(JsonElement filter)
    {
        var texts = new Dictionary<string, string?>();
        foreach (var member in filter.EnumerateObject())
        {
            if (member.Name is not ("state" or "city" or "taxonomy" or "q" or "status") || member.Value.ValueKind is not (JsonValueKind.String or JsonValueKind.Null))
            {
                return (null, Problems.BadRequest($"filter has '{ProfileWords.Clean(member.Name)}'; it may have the texts state, city, taxonomy, q and status."));
            }

            texts[member.Name] = member.Value.GetString();
        }

        return Read(texts.GetValueOrDefault("state"), texts.GetValueOrDefault("city"), texts.GetValueOrDefault("taxonomy"), texts.GetValueOrDefault("q"), texts.GetValueOrDefault("status"));
    }

    /// <summary>A taxonomy's code; null when neither a code nor a known name.</summary>
    public static string? CodeOf(string text)
    {
        var upper = text.Trim().ToUpperInvariant();
        return Specialty.IsCode(upper) ? upper : Specialties.Find(text.Trim())?.Code;
    }

    public static string? Write(ProviderPlace? place) =>
        place is null ? null : Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{place.Npi}{Between}{place.State}{Between}{place.City}"))).Replace('+', '-').Replace('/', '_').TrimEnd('=');

    /// <summary>False when it is no cursor.</summary>
    public static bool Read(string? text, out ProviderPlace? place)
    {
        place = null;
        if (string.IsNullOrEmpty(text))
        {
            return true;
        }

        try
        {
            var bytes = Convert.FromBase64String(text.Replace('-', '+').Replace('_', '/').PadRight((text.Length + 3) / 4 * 4, '='));
            if (new System.Text.UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).Split(Between) is not [var npi, var state, var city]
                || !long.TryParse(npi, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || QueryTexts.HaveNul(state, city))
            {
                return false;
            }

            place = new ProviderPlace(state, city, number);
            return true;
        }
        catch (Exception error) when (error is FormatException or System.Text.DecoderFallbackException)
        {
            return false;
        }
    }

    private static string? None(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
