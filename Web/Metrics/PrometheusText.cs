using System.Globalization;
using System.Text;

namespace OrleansBulk.Web.Metrics;

/// <summary>Writes families in the Prometheus text format, version 0.0.4.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Write(IEnumerable<MetricFamily> families)
    {
        var text = new StringBuilder(64 * 1024);
        foreach (var family in families)
        {
            WriteFamily(text, family);
        }

        return text.ToString();
    }

    private static void WriteFamily(StringBuilder text, MetricFamily family)
    {
        var series = family.Series.ToList();
        if (series.Count == 0)
        {
            return;
        }

        var help = family.Help.Replace("\\", @"\\").ReplaceLineEndings("\\n");
        text.Append("# HELP ").Append(family.Name).Append(' ').Append(help).Append('\n');
        text.Append("# TYPE ").Append(family.Name).Append(' ').Append(Word(family.Kind)).Append('\n');
        foreach (var one in series)
        {
            if (family.Kind == MetricKind.Histogram)
            {
                WriteHistogram(text, family, one);
            }
            else
            {
                WriteLine(text, family.Name, one.Labels, null, one.Value);
            }
        }
    }

    private static void WriteHistogram(StringBuilder text, MetricFamily family, MetricSeries series)
    {
        var sum = series.Value;
        var buckets = series.Buckets();
        long count = 0;
        for (var i = 0; i < buckets.Length; i++)
        {
            count += buckets[i];
            var bound = i < family.Bounds.Length ? family.Bounds[i] : double.PositiveInfinity;
            WriteLine(text, family.Name + "_bucket", series.Labels, $"le=\"{Number(bound)}\"", count);
        }

        WriteLine(text, family.Name + "_sum", series.Labels, null, sum);
        WriteLine(text, family.Name + "_count", series.Labels, null, count);
    }

    private static void WriteLine(StringBuilder text, string name, string labels, string? bucket, double value)
    {
        text.Append(name);
        if (labels.Length > 0 || bucket is not null)
        {
            text.Append('{').Append(labels).Append(labels.Length > 0 && bucket is not null ? "," : "").Append(bucket).Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf"
        : double.IsNegativeInfinity(value) ? "-Inf"
        : double.IsNaN(value) ? "NaN"
        : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Word(MetricKind kind) => kind switch
    {
        MetricKind.Counter => "counter",
        MetricKind.Histogram => "histogram",
        _ => "gauge",
    };
}
