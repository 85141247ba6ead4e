using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansBulk.Tabs;

/// <summary>The tabs there are, as <c>tabs.json</c> says. Whatever is wrong with it is said at the start, with the place.</summary>
public sealed class TabCatalog
{
    private const int LongestName = 60;
    private const int LongestTitle = 100; // what a sheet may be called
    private const int MostColumns = 200;
    private const int MostBatch = 1000;
    private const int MostLimit = 1_000_000;
    private static readonly string[] Reserved = ["key"];

    private static readonly JsonSerializerOptions Shape = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    private readonly Dictionary<string, TabDefinition> _byName;

    private TabCatalog(IReadOnlyList<TabDefinition> tabs) => (All, _byName) = (tabs, tabs.ToDictionary(tab => tab.Name, StringComparer.Ordinal));

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<TabDefinition> All { get; }

    public TabDefinition? Find(string name) => _byName.GetValueOrDefault(name);

    /// <param name="file">Null: the tabs that come with the service.</param>
    /// <exception cref="InvalidOperationException">The file cannot be read, or something in it is wrong.</exception>
    public static TabCatalog Load(string? file)
    {
        if (file is null)
        {
            using var shipped = new StreamReader(typeof(TabCatalog).Assembly.GetManifestResourceStream("tabs.json")!);
            return Parse(shipped.ReadToEnd(), "tabs.json");
        }

        try
        {
            return Parse(System.IO.File.ReadAllText(file), file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException($"Tabs:File is '{file}', which cannot be read: {error.Message}", error);
        }
    }

    internal static TabCatalog Parse(string json, string file)
    {
        TabsFile? read;
        try
        {
            read = JsonSerializer.Deserialize<TabsFile>(json, Shape);
        }
        catch (JsonException error)
        {
            throw new InvalidOperationException($"{file}, line {error.LineNumber + 1}: {error.Message}", error);
        }

        if (read?.Tabs is not { Count: > 0 } tabs)
        {
            throw new InvalidOperationException($"{file} names no tabs: it must be {{\"tabs\": [{{name, source, columns, …}}, …]}}.");
        }

        var definitions = tabs.Select((tab, place) => Check(tab, $"{file}, tab {place + 1}")).ToList();
        foreach (var (what, twice) in new[] { ("name", Twice(definitions.Select(tab => tab.Name))), ("title", Twice(definitions.Select(tab => tab.Title))) })
        {
            if (twice is not null)
            {
                throw new InvalidOperationException($"{file}: two tabs have the {what} '{twice}'.");
            }
        }

        return new TabCatalog(definitions);
    }

    private static TabDefinition Check(TabEntry tab, string where)
    {
        Demand(tab.Name is { Length: > 0 and <= LongestName } && tab.Name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-'),
            where, $"name is '{tab.Name}'; it must have 1 to {LongestName} small letters, digits and hyphens");
        where += $" ({tab.Name})";
        var title = tab.Title ?? tab.Name!;
        Demand(title.Length is > 0 and <= LongestTitle && !title.Any(letter => char.IsControl(letter) || "/\\:*?[]".Contains(letter, StringComparison.Ordinal)),
            where, $"title is '{title}'; it must have 1 to {LongestTitle} characters and none of / \\ : * ? [ ]");
        var source = tab.Source?.Trim().TrimEnd(';') ?? "";
        Demand(source.StartsWith("SELECT", StringComparison.OrdinalIgnoreCase) || source.StartsWith("WITH", StringComparison.OrdinalIgnoreCase), where, "source must be a SELECT");
        Demand(!source.Contains(';', StringComparison.Ordinal), where, "source has a semicolon; it must be one SELECT");
        Demand(tab.Columns is { Count: > 0 and <= MostColumns }, where, $"columns must be 1 to {MostColumns}");
        var columns = tab.Columns!.Select(column => new TabColumn(column.Name ?? "", column.Title ?? column.Name ?? "", column.Format)).ToList();
        Demand(columns.TrueForAll(column => column.Name.Length > 0), where, "a column has no name");
        Demand(!columns.Exists(column => Reserved.Contains(column.Name)), where, "the column 'key' tells rows apart; give it another name to show it");
        Demand(Twice(columns.Select(column => column.Name)) is null, where, $"the column '{Twice(columns.Select(column => column.Name))}' is named twice");
        Demand(tab.Batch is >= 1 and <= MostBatch, where, $"batch is {tab.Batch}; it must be 1 to {MostBatch}");
        Demand(tab.Limit is >= 1 and <= MostLimit, where, $"limit is {tab.Limit}; it must be 1 to {MostLimit:N0}");
        return new TabDefinition(tab.Name!, title, source, columns, tab.Batch, tab.Limit);
    }

    private static string? Twice(IEnumerable<string> names) => names.GroupBy(name => name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1)?.Key;

    private static void Demand(bool good, string where, string problem)
    {
        if (!good)
        {
            throw new InvalidOperationException($"{where}: {problem}.");
        }
    }

    private sealed record TabsFile(List<TabEntry>? Tabs);

    private sealed record TabEntry(string? Name, string? Title, string? Source, List<ColumnEntry>? Columns, int Batch = 50, int Limit = 500);

    private sealed record ColumnEntry(string? Name, string? Title, TabFormat Format = TabFormat.Text);
}
