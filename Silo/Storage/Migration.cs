using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace OrleansBulk.Storage;

/// <summary>One numbered SQL file. Once it was applied somewhere it never changes: what it got wrong is put right by a later one.</summary>
public sealed partial class Migration
{
    private const string Resources = "Migrations/";
    private const string ClusterResources = "Migrations/Cluster/";

    /// <param name="fileName">As <c>0001_jobs.sql</c>.</param>
    /// <param name="clusterOnly">Applied only by silos that form a cluster; such files have numbers, but no order, in common with the others.</param>
    public Migration(string fileName, string sql, bool clusterOnly = false)
    {
        var match = FileName().Match(fileName);
        if (!match.Success)
        {
            throw new ArgumentException($"'{fileName}' is no name for a migration; wanted is a number of four digits and a name, as 0001_jobs.sql.", nameof(fileName));
        }

        Number = int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture);
        Name = match.Groups["name"].Value;
        Sql = sql.ReplaceLineEndings("\n"); // a checkout with other line ends is the same file
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));
        ClusterOnly = clusterOnly;
    }

    public int Number { get; }

    public string Name { get; }

    public string Sql { get; }

    public string Sha256 { get; }

    public bool ClusterOnly { get; }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number:0000}_{Name}.sql");

    /// <summary>The files that this program was built with, in the order of their numbers.</summary>
    public static IReadOnlyList<Migration> Embedded()
    {
        var assembly = typeof(Migration).Assembly;
        return InOrder(assembly.GetManifestResourceNames().Where(name => name.StartsWith(Resources, StringComparison.Ordinal)).Select(name => Read(assembly, name)));
    }

    /// <exception cref="ArgumentException">Two files have the same number.</exception>
    public static IReadOnlyList<Migration> InOrder(IEnumerable<Migration> migrations)
    {
        var sorted = migrations.OrderBy(migration => migration.Number).ToArray();
        var twice = sorted.Zip(sorted.Skip(1)).FirstOrDefault(pair => pair.First.Number == pair.Second.Number);
        return twice.First is null ? sorted : throw new ArgumentException($"{twice.First} and {twice.Second} have the same number: give one of them the next free one.", nameof(migrations));
    }

    private static Migration Read(Assembly assembly, string resource)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        var clusterOnly = resource.StartsWith(ClusterResources, StringComparison.Ordinal);
        return new Migration(resource[(clusterOnly ? ClusterResources : Resources).Length..], reader.ReadToEnd(), clusterOnly);
    }

    [GeneratedRegex(@"^(?<number>\d{4})_(?<name>[a-z0-9_]+)\.sql$", RegexOptions.CultureInvariant)]
    private static partial Regex FileName();
}
