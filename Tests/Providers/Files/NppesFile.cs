using System.Globalization;
using System.IO.Compression;
using System.Text;
using OrleansBulk.Providers;

namespace OrleansBulk.Tests.Providers.Files;

/// <summary>Files as NPPES publishes them: the recorded one, and made-up ones of any size with the recorded headers.</summary>
internal static class NppesFile
{
    public const int RecordedRows = 998;

    private static readonly string Data = Path.Combine(AppContext.BaseDirectory, "Data", "nppes");

    public static string Recorded { get; } = Path.Combine(Data, "npidata_pfile_organizations.csv");

    public static string[] Header2021 { get; } = Names("npidata_header_330_2021.txt");

    public static string[] Header2025 { get; } = Names("npidata_header_330_2025_derived.txt");

    /// <summary>Without the column that was added later: 329.</summary>
    public static string[] Header2013 { get; } = [.. Header2021.Where(name => name != "Certification Date")];

    public static long Npi(int n) => NpiNumber.Complete(100_000_000 + n);

    /// <summary>A person's line; the names of columns are those of 2021.</summary>
    public static Dictionary<string, string> Person(int n) => new()
    {
        ["NPI"] = Npi(n).ToString(CultureInfo.InvariantCulture),
        ["Entity Type Code"] = "1",
        ["Provider Last Name (Legal Name)"] = $"SAMPLE{n}",
        ["Provider First Name"] = "ANNA",
        ["Provider Credential Text"] = "M.D.",
        ["Provider Gender Code"] = "F",
        ["Provider First Line Business Mailing Address"] = "PO BOX 1",
        ["Provider Business Mailing Address City Name"] = "ALBANY",
        ["Provider Business Mailing Address State Name"] = "NY",
        ["Provider Business Mailing Address Postal Code"] = "122075555",
        ["Provider First Line Business Practice Location Address"] = $"{n} MAIN ST",
        ["Provider Business Practice Location Address City Name"] = n % 2 == 0 ? "ALBANY" : "RENO",
        ["Provider Business Practice Location Address State Name"] = n % 2 == 0 ? "NY" : "NV",
        ["Provider Business Practice Location Address Postal Code"] = "12207-5555",
        ["Provider Business Practice Location Address Telephone Number"] = "555-010-0100",
        ["Provider Enumeration Date"] = "05/23/2006",
        ["Last Update Date"] = "07/08/2020",
        ["Healthcare Provider Taxonomy Code_1"] = "207Q00000X",
        ["Healthcare Provider Primary Taxonomy Switch_1"] = "N",
        ["Healthcare Provider Taxonomy Code_2"] = n % 3 == 0 ? "207R00000X" : "207N00000X",
        ["Healthcare Provider Primary Taxonomy Switch_2"] = "Y",
        ["Healthcare Provider Taxonomy Code_3"] = "207Q00000X",
    };

    /// <summary>A line that only says that the NPI is deactivated.</summary>
    public static Dictionary<string, string> Mark(int n, string day = "03/04/2021") => new() { ["NPI"] = Npi(n).ToString(CultureInfo.InvariantCulture), ["NPI Deactivation Date"] = day };

    public static string Header(IReadOnlyList<string> names) => string.Join(',', names.Select(name => $"\"{name}\""));

    public static string Line(IReadOnlyList<string> names, IReadOnlyDictionary<string, string> values) =>
        string.Join(',', names.Select(name => $"\"{values.GetValueOrDefault(name == "Provider Sex Code" ? "Provider Gender Code" : name)}\""));

    public static string Csv(IReadOnlyList<string> names, IEnumerable<IReadOnlyDictionary<string, string>> rows, string end = "\n") =>
        string.Concat(rows.Select(row => Line(names, row)).Prepend(Header(names)).Select(line => line + end));

    /// <summary>As published: the file among others.</summary>
    public static byte[] Zip(string csv, CompressionLevel level = CompressionLevel.Fastest) => Zip(csv.Split('\n').Select((line, place) => place == 0 ? line : $"\n{line}"), level);

    /// <param name="lines">The header first; each with its end, or each but the first with the end of the one before.</param>
    public static byte[] Zip(IEnumerable<string> lines, CompressionLevel level = CompressionLevel.Fastest)
    {
        var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("NPPES_Data_Dissemination_CodeValues.pdf", "%PDF");
            Add("npidata_pfile_20050523-20251109_fileheader.csv", lines.First().TrimEnd('\n'));
            Add("othername_pfile_20050523-20251109.csv", "\"NPI\"\n");
            Add("npidata_pfile_20050523-20251109.csv", lines);
            Add("pl_pfile_20050523-20251109.csv", "\"NPI\"\n");

            void Add(string name, params IEnumerable<string> text)
            {
                using var entry = new StreamWriter(archive.CreateEntry(name, level).Open());
                foreach (var part in text)
                {
                    entry.Write(part);
                }
            }
        }

        return zip.ToArray();
    }

    private static string[] Names(string file) => [.. File.ReadAllText(Path.Combine(Data, file)).Split(['\n', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(name => name.Trim('"'))];
}
