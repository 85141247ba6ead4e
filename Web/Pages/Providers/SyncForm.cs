using System.Text.Json;
using OrleansBulk.Jobs;
using OrleansBulk.Providers;

namespace OrleansBulk.Web.Pages.Providers;

/// <summary>What the form to start a sync asks for. What is left empty does not narrow it.</summary>
public sealed class SyncForm
{
    private static readonly char[] Between = [',', ';', '\n', '\r'];

    /// <summary>Codes of the default specialties that are ticked.</summary>
    public List<string> Specialty { get; set; } = [];

    /// <summary>Further ones, one a line: a code, a description, or a code and a description.</summary>
    public string? Others { get; set; }

    public string? States { get; set; }

    public string? Cities { get; set; }

    public string? PostalCodes { get; set; }

    /// <summary>Makes a form that is sent twice start one job.</summary>
    public string? Key { get; set; }

    /// <summary>The form that nobody has touched.</summary>
    public static SyncForm Untouched() => new() { Specialty = [.. Specialties.Default.Select(specialty => specialty.Code)] };

    /// <summary>What the form that follows the preview sends, as names and values.</summary>
    public IEnumerable<(string Name, string? Value)> Fields() =>
        [("others", Others), ("states", States), ("cities", Cities), ("postalCodes", PostalCodes), ("key", Key), .. Specialty.Select(code => ("specialty", (string?)code))];

    public JobRequest ToRequest() => new(ProviderSync.WorkloadName, JsonSerializer.SerializeToElement(new
    {
        specialties = Specialty.Select(code => (object)code).Concat(Lines(Others).Select(Other)),
        states = Parts(States),
        cities = Parts(Cities),
        postalCodes = Parts(PostalCodes),
    }), JobMode.HighPerformance, null, string.IsNullOrEmpty(Key) ? null : Key);

    private static object Other(string line) => line.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries) is [var code, var description] && OrleansBulk.Providers.Specialty.IsCode(code.ToUpperInvariant())
        ? new { code, description }
        : line;

    private static string[] Lines(string? text) => text?.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static string[] Parts(string? text) => text?.Split(Between, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
}
