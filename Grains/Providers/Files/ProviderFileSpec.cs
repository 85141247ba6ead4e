using System.Collections.Frozen;
using System.Text;
using System.Text.Json;

namespace OrleansBulk.Providers.Files;

/// <summary>What a load of the provider file is asked for, as its job stores it.</summary>
/// <param name="Name">What people call the file.</param>
/// <param name="Path">Below the folder of files; null: it was uploaded and is kept under the job's id.</param>
/// <param name="Member">Which file of a zip is read; null when there is no zip.</param>
/// <param name="Bytes">Of the text, unpacked.</param>
/// <param name="FileBytes">Of the file as it lies on its disk: with the next, how it is known to be still the same.</param>
/// <param name="Modified">When it was changed last.</param>
/// <param name="Kind">providers or deactivations.</param>
/// <param name="Specialties">Taxonomy codes; empty: all.</param>
/// <param name="States">Of the practice, two letters; empty: all.</param>
public sealed record ProviderFileSpec(
    string Name, string? Path, string? Member, long Bytes, long FileBytes, DateTimeOffset Modified, string Kind, IReadOnlyList<string> Specialties, IReadOnlyList<string> States)
{
    public const string Providers = "providers";
    public const string Deactivations = "deactivations";

    /// <summary>Bytes of one item: small enough that progress moves, large enough that a file of 10 GB has only 160,000.</summary>
    public const int BytesPerItem = 64 * 1024;

    public string Write() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    public static ProviderFileSpec Read(string json) => JsonSerializer.Deserialize<ProviderFileSpec>(json, JsonSerializerOptions.Web)!;

    /// <summary>How many items so many bytes are; an item is a block of them, and a line belongs to the one in which it begins.</summary>
    public static long ItemsOf(long bytes) => Math.Max(1, (bytes + BytesPerItem - 1) / BytesPerItem);
}

/// <summary>Which providers of a file are taken.</summary>
internal sealed class ProviderChoice(ProviderFileSpec spec)
{
    private readonly FrozenSet<string> _states = spec.States.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    private readonly byte[][] _codes = [.. spec.Specialties.Select(Encoding.ASCII.GetBytes)];

    /// <summary>Nothing is left out.</summary>
    public bool IsAll => _states.Count == 0 && _codes.Length == 0;

    /// <summary>By the state of the practice and any of the taxonomies, primary or not.</summary>
    public bool Takes(LineFacts facts) => (_states.Count == 0 || HasState(facts.State)) && (_codes.Length == 0 || HasCode(facts.Taxonomies));

    private bool HasState(ReadOnlySpan<byte> state)
    {
        Span<char> letters = stackalloc char[2];
        return state.Length == 2 && Encoding.UTF8.GetChars(state, letters) == 2 && _states.GetAlternateLookup<ReadOnlySpan<char>>().Contains(letters);
    }

    private bool HasCode(ReadOnlySpan<byte> joined)
    {
        foreach (var part in joined.Split((byte)','))
        {
            foreach (var code in _codes)
            {
                if (joined[part].SequenceEqual(code))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
