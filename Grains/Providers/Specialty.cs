namespace OrleansBulk.Providers;

/// <summary>A specialty by the NUCC taxonomy.</summary>
/// <param name="Code">Empty: whatever has the description.</param>
/// <param name="Description">What the registry is searched by: the specialization alone, or the classification where there is none. It never finds "Classification, Specialization".</param>
/// <param name="Name">For people.</param>
public sealed record Specialty(string Code, string Description, string Name)
{
    /// <summary>Known by its code alone. What the registry is to be searched by must be learned from an answer.</summary>
    public bool LacksDescription => Description.Length == 0;

    /// <summary>The same with a description as answers have it, <c>Classification, Specialization</c>.</summary>
    public Specialty Learn(string described) => this with { Description = described[(described.LastIndexOf(", ", StringComparison.Ordinal) is var comma and >= 0 ? comma + 2 : 0)..], Name = described };

    /// <summary>Three digits, six letters or digits, X.</summary>
    public static bool IsCode(string text) =>
        text.Length == 10 && text[9] == 'X' && text.AsSpan(0, 3).IndexOfAnyExceptInRange('0', '9') < 0 && text.AsSpan(3, 6).IndexOfAnyExcept(CodeCharacters) < 0;

    private static readonly System.Buffers.SearchValues<char> CodeCharacters = System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
}
