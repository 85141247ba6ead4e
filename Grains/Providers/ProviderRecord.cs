using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace OrleansBulk.Providers;

/// <summary>One provider as it is stored: the same shape from the API and from a file, so that the same facts from either side change nothing.</summary>
public sealed record ProviderRecord
{
    private const char Separator = '\u001f';

    public required long Npi { get; init; }

    /// <summary><c>individual</c> or <c>organization</c>; null for a deactivated provider of whom nothing else is told.</summary>
    public required string? Entity { get; init; }

    public string? OrganizationName { get; init; }

    public string? LastName { get; init; }

    public string? FirstName { get; init; }

    public string? MiddleName { get; init; }

    public string? Credential { get; init; }

    public string? Sex { get; init; }

    public string? Phone { get; init; }

    public string? Fax { get; init; }

    public ProviderAddress Practice { get; init; } = ProviderAddress.None;

    public ProviderAddress Mailing { get; init; } = ProviderAddress.None;

    /// <summary>The code of the primary taxonomy.</summary>
    public string? Taxonomy { get; init; }

    /// <summary>All codes, each once, the primary one first: <see cref="InOrder"/>.</summary>
    public IReadOnlyList<string> Taxonomies { get; init; } = [];

    public DateOnly? EnumeratedOn { get; init; }

    public DateOnly? LastUpdatedOn { get; init; }

    public DateOnly? CertifiedOn { get; init; }

    public DateOnly? DeactivatedOn { get; init; }

    public DateOnly? ReactivatedOn { get; init; }

    /// <summary>The API's answer about it as JSON; null from a file.</summary>
    public string? Answer { get; init; }

    /// <summary>Deactivated, and not reactivated since.</summary>
    public bool Deactivated { get; init; }

    public string Status => Deactivated ? "deactivated" : "active";

    /// <summary>What is shown and searched.</summary>
    public string? Name => NameOf(OrganizationName, LastName, FirstName, MiddleName);

    /// <summary>Only a mark that an NPI is deactivated: it must not wipe out what is known of the provider.</summary>
    public bool IsMark => Deactivated && Entity is null;

    /// <summary>A fingerprint of what is stored except the answer: equal means that nothing changed.</summary>
    public long ContentHash
    {
        get
        {
            var text = new StringBuilder(512);
            foreach (var value in (ReadOnlySpan<string?>)
            [
                Entity, OrganizationName, LastName, FirstName, MiddleName, Credential, Sex, Phone, Fax,
                Practice.Line1, Practice.Line2, Practice.City, Practice.State, Practice.PostalCode, Practice.Country,
                Mailing.Line1, Mailing.Line2, Mailing.City, Mailing.State, Mailing.PostalCode, Mailing.Country,
                Taxonomy, string.Join(',', Taxonomies), Day(EnumeratedOn), Day(LastUpdatedOn), Day(CertifiedOn), Day(DeactivatedOn), Day(ReactivatedOn), Status,
            ])
            {
                text.Append(value).Append(Separator);
            }

            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()), hash);
            return BinaryPrimitives.ReadInt64LittleEndian(hash);
        }
    }

    /// <summary>The organisation's name, or <c>LAST, FIRST MIDDLE</c>; null when there is neither.</summary>
    public static string? NameOf(string? organization, string? last, string? first, string? middle)
    {
        if (organization is not null || (last ?? first) is null)
        {
            return organization;
        }

        var given = first is null ? middle : middle is null ? first : $"{first} {middle}";
        return last is null ? given : given is null ? last : $"{last}, {given}";
    }

    /// <summary>Text as it is stored: trimmed, without control characters; null when nothing is left, or only the placeholder <c>--</c>.</summary>
    public static string? Clean(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var clean = (text.Any(char.IsControl) ? string.Concat(text.Where(character => !char.IsControl(character))) : text).Trim();
        return clean.Length == 0 || clean == "--" ? null : clean;
    }

    /// <summary>A telephone number as it is stored: ten digits however they were written; anything else as it came.</summary>
    public static string? Number(string? text)
    {
        if (Clean(text) is not { } clean)
        {
            return null;
        }

        var digits = string.Concat(clean.Where(char.IsAsciiDigit));
        return digits.Length == 10 && clean.All(character => char.IsAsciiDigit(character) || character is '-' or '(' or ')' or ' ' or '.') ? digits : clean;
    }

    /// <summary>A ZIP code as it is stored: without the hyphen; anything else as it came.</summary>
    public static string? PostalCode(string? text) =>
        Clean(text) is { Length: 10 } clean && clean[5] == '-' && clean.Where((_, place) => place != 5).All(char.IsAsciiDigit) ? clean.Remove(5, 1) : Clean(text);

    /// <summary>Taxonomy codes as they are stored.</summary>
    public static IReadOnlyList<string> InOrder(string? primary, IEnumerable<string> codes) =>
        [.. (primary is null ? codes : codes.Prepend(primary)).Distinct(StringComparer.Ordinal)];

    private static string? Day(DateOnly? day) => day?.ToString("O", CultureInfo.InvariantCulture);
}
