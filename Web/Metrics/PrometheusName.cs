using System.Collections.Concurrent;

namespace OrleansBulk.Web.Metrics;

/// <summary>Turns names of instruments and tags into names that Prometheus accepts, the way the OpenTelemetry exporter does it.</summary>
internal static class PrometheusName
{
    // Tag names are constants in code, so this stays small.
    private static readonly ConcurrentDictionary<string, string> Labels = new();

    /// <summary><c>http.server.request.duration</c> in <c>s</c> becomes <c>http_server_request_duration_seconds</c>; counters end in <c>_total</c>.</summary>
    public static string Metric(string instrument, string? unit, MetricKind kind)
    {
        var name = Clean(instrument, colons: true);
        if (kind == MetricKind.Counter)
        {
            name = Without(name, "_total");
        }

        if (Suffix(unit, kind) is { } suffix && !name.EndsWith(suffix, StringComparison.Ordinal))
        {
            name += suffix;
        }

        return kind == MetricKind.Counter ? name + "_total" : name;
    }

    /// <summary>A label's name: no colons, not beginning with two underscores, and never <c>le</c>, which belongs to the buckets.</summary>
    public static string Label(string tag) => Labels.GetOrAdd(tag, static tag => Clean(tag, colons: false) switch
    {
        "le" => "le_",
        ['_', '_', ..] reserved => "tag" + reserved,
        var name => name,
    });

    private static string? Suffix(string? unit, MetricKind kind) => unit switch
    {
        null or "" => null,
        "1" => kind == MetricKind.Gauge ? "_ratio" : null,
        "s" => "_seconds",
        "ms" => "_milliseconds",
        "us" => "_microseconds",
        "ns" => "_nanoseconds",
        "By" => "_bytes",
        "%" => "_percent",
        ['{', ..] => null, // a remark, such as {request}
        _ => "_" + Clean(unit, colons: false).Trim('_'),
    };

    private static string Clean(string name, bool colons)
    {
        var clean = string.Create(name.Length, (name, colons), static (target, source) =>
        {
            for (var i = 0; i < target.Length; i++)
            {
                var letter = source.name[i];
                target[i] = char.IsAsciiLetterOrDigit(letter) || (source.colons && letter == ':') ? letter : '_';
            }
        });
        return clean is "" || char.IsAsciiDigit(clean[0]) ? "_" + clean : clean;
    }

    private static string Without(string name, string end) => name.EndsWith(end, StringComparison.Ordinal) ? name[..^end.Length] : name;
}
