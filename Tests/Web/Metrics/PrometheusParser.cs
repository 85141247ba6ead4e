using System.Globalization;

namespace OrleansBulk.Tests.Web.Metrics;

/// <summary>Reads the Prometheus text format, version 0.0.4, and takes nothing that a strict reader would not.</summary>
internal static class PrometheusParser
{
    public static IReadOnlyDictionary<string, ParsedFamily> Parse(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', text);
        var families = new Dictionary<string, ParsedFamily>();
        var seen = new HashSet<string>();
        ParsedFamily? current = null;
        string? helpFor = null;
        foreach (var line in text[..^1].Split('\n'))
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                var parts = line[7..].Split(' ', 2);
                AssertName(parts[0], colons: true);
                Assert.Equal(2, parts.Length);
                helpFor = parts[0];
            }
            else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                var parts = line[7..].Split(' ');
                Assert.Equal(helpFor, parts[0]); // HELP and TYPE stand together, once, before the samples
                Assert.Contains(parts[1], new[] { "counter", "gauge", "histogram" });
                Assert.True(families.TryAdd(parts[0], current = new(parts[0], parts[1], [])), $"The family {parts[0]} comes twice.");
            }
            else
            {
                var sample = Sample(line);
                Assert.NotNull(current);
                string[] names = current.Type == "histogram" ? [current.Name + "_bucket", current.Name + "_sum", current.Name + "_count"] : [current.Name];
                Assert.Contains(sample.Name, names);
                Assert.True(seen.Add(sample.Identity), $"The series {sample.Identity} comes twice.");
                current.Samples.Add(sample);
            }
        }

        foreach (var family in families.Values)
        {
            Assert.NotEmpty(family.Samples);
            CheckHistogram(family);
        }

        return families;
    }

    private static ParsedSample Sample(string line)
    {
        var at = 0;
        while (at < line.Length && line[at] is not ('{' or ' '))
        {
            at++;
        }

        var name = line[..at];
        AssertName(name, colons: true);
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (line[at] == '{')
        {
            at = Labels(line, at + 1, labels);
        }

        Assert.Equal(' ', line[at]);
        var number = line[(at + 1)..];
        var value = number switch
        {
            "+Inf" => double.PositiveInfinity,
            "-Inf" => double.NegativeInfinity,
            "NaN" => double.NaN,
            _ => double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture),
        };
        return new(name, labels, value);
    }

    private static int Labels(string line, int at, SortedDictionary<string, string> labels)
    {
        while (line[at] != '}')
        {
            var equals = line.IndexOf('=', at);
            var name = line[at..equals];
            AssertName(name, colons: false);
            Assert.Equal('"', line[equals + 1]);
            var value = "";
            for (at = equals + 2; line[at] != '"'; at++)
            {
                if (line[at] != '\\')
                {
                    value += line[at];
                    continue;
                }

                at++;
                value += line[at] switch
                {
                    '\\' => '\\',
                    '"' => '"',
                    'n' => '\n',
                    var other => throw new FormatException($"There is no escape \\{other}: {line}"),
                };
            }

            Assert.True(labels.TryAdd(name, value), $"The label {name} comes twice: {line}");
            at++;
            if (line[at] == ',')
            {
                at++;
                Assert.NotEqual('}', line[at]);
            }
        }

        return at + 1;
    }

    private static void AssertName(string name, bool colons) => Assert.Matches(colons ? "^[a-zA-Z_:][a-zA-Z0-9_:]*$" : "^[a-zA-Z_][a-zA-Z0-9_]*$", name);

    private static void CheckHistogram(ParsedFamily family)
    {
        if (family.Type != "histogram")
        {
            return;
        }

        foreach (var series in family.Samples.GroupBy(sample => sample.IdentityWithoutBucket))
        {
            var buckets = series.Where(sample => sample.Name.EndsWith("_bucket", StringComparison.Ordinal)).ToList();
            var bounds = buckets.ConvertAll(bucket => bucket.Labels["le"] is "+Inf" ? double.PositiveInfinity : double.Parse(bucket.Labels["le"], CultureInfo.InvariantCulture));
            Assert.Equal(bounds.Order().Distinct(), bounds);
            Assert.Equal(double.PositiveInfinity, bounds[^1]);
            Assert.Equal(buckets.Select(bucket => bucket.Value).Order(), buckets.Select(bucket => bucket.Value));
            Assert.Equal(buckets[^1].Value, Assert.Single(series, sample => sample.Name.EndsWith("_count", StringComparison.Ordinal)).Value);
            Assert.Single(series, sample => sample.Name.EndsWith("_sum", StringComparison.Ordinal));
        }
    }
}

internal sealed record ParsedFamily(string Name, string Type, List<ParsedSample> Samples)
{
    public double Value(params (string Name, string Value)[] labels) => Sample(Name, labels).Value;

    public double Count(params (string Name, string Value)[] labels) => Sample(Name + "_count", labels).Value;

    public double Sum(params (string Name, string Value)[] labels) => Sample(Name + "_sum", labels).Value;

    public IEnumerable<(string Bound, double Count)> Buckets =>
        Samples.Where(sample => sample.Name == Name + "_bucket").Select(sample => (sample.Labels["le"], sample.Value));

    private ParsedSample Sample(string name, (string Name, string Value)[] labels) =>
        Assert.Single(Samples, sample => sample.Name == name && sample.Labels.Count == labels.Length && labels.All(label => sample.Labels.GetValueOrDefault(label.Name) == label.Value));
}

internal sealed record ParsedSample(string Name, SortedDictionary<string, string> Labels, double Value)
{
    public string Identity => Name + "{" + string.Join(',', Labels) + "}";

    public string IdentityWithoutBucket => string.Join(',', Labels.Where(label => label.Key != "le"));
}
