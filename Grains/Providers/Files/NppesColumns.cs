namespace OrleansBulk.Providers.Files;

/// <summary>The columns of the provider file that are used, by the names that the headers of 2013, 2021 and 2025 give them, and their places among the wanted ones.</summary>
internal static class NppesColumns
{
    public const int Npi = 0;
    public const int EntityType = 1;
    public const int ReplacementNpi = 2;
    public const int Organization = 3;
    public const int LastName = 4;
    public const int FirstName = 5;
    public const int MiddleName = 6;
    public const int NamePrefix = 7;
    public const int NameSuffix = 8;
    public const int Credential = 9;
    public const int EnumerationDate = 10;
    public const int LastUpdate = 11;
    public const int DeactivationReason = 12;
    public const int DeactivationDate = 13;
    public const int ReactivationDate = 14;
    public const int Sex = 15;
    public const int SoleProprietor = 16;
    public const int Subpart = 17;
    public const int CertificationDate = 18;
    public const int Official = 19;
    public const int Mailing = Official + OfficialParts;
    public const int Practice = Mailing + AddressParts;
    public const int Taxonomies = Practice + AddressParts;

    /// <summary>Last name, first name, middle name, title, telephone, prefix, suffix, credential.</summary>
    public const int OfficialParts = 8;

    /// <summary>First line, second line, city, state, postal code, country, telephone, fax.</summary>
    public const int AddressParts = 8;

    public const int TaxonomySlots = 15;

    /// <summary>Code, license number, license state, primary switch.</summary>
    public const int TaxonomyParts = 4;

    /// <summary>The names of each wanted column.</summary>
    public static readonly IReadOnlyList<string[]> Wanted =
    [
        ["NPI"],
        ["Entity Type Code"],
        ["Replacement NPI"],
        ["Provider Organization Name (Legal Business Name)"],
        ["Provider Last Name (Legal Name)"],
        ["Provider First Name"],
        ["Provider Middle Name"],
        ["Provider Name Prefix Text"],
        ["Provider Name Suffix Text"],
        ["Provider Credential Text"],
        ["Provider Enumeration Date"],
        ["Last Update Date"],
        ["NPI Deactivation Reason Code"],
        ["NPI Deactivation Date"],
        ["NPI Reactivation Date"],
        ["Provider Sex Code", "Provider Gender Code"], // the first since 2025
        ["Is Sole Proprietor"],
        ["Is Organization Subpart"],
        ["Certification Date"], // not in the header of 2013
        ["Authorized Official Last Name"],
        ["Authorized Official First Name"],
        ["Authorized Official Middle Name"],
        ["Authorized Official Title or Position"],
        ["Authorized Official Telephone Number"],
        ["Authorized Official Name Prefix Text"],
        ["Authorized Official Name Suffix Text"],
        ["Authorized Official Credential Text"],
        .. Address("Mailing Address"),
        .. Address("Practice Location Address"),
        .. Enumerable.Range(1, TaxonomySlots).SelectMany(Taxonomy),
    ];

    /// <summary>Without these a file is no provider file.</summary>
    public static readonly IReadOnlyList<string> Needed = [.. Wanted.Select(names => names[0]).Where(name => name is not ("Certification Date" or "Provider Sex Code"))];

    /// <summary>The columns of the deactivation list.</summary>
    public static readonly IReadOnlyList<string[]> Deactivations = [["NPI"], ["NPPES Deactivation Date", "NPI Deactivation Date", "Deactivation Date"]];

    private static IEnumerable<string[]> Address(string kind) =>
    [
        [$"Provider First Line Business {kind}"],
        [$"Provider Second Line Business {kind}"],
        [$"Provider Business {kind} City Name"],
        [$"Provider Business {kind} State Name"],
        [$"Provider Business {kind} Postal Code"],
        [$"Provider Business {kind} Country Code (If outside U.S.)"],
        [$"Provider Business {kind} Telephone Number"],
        [$"Provider Business {kind} Fax Number"],
    ];

    private static IEnumerable<string[]> Taxonomy(int slot) =>
    [
        [$"Healthcare Provider Taxonomy Code_{slot}"],
        [$"Provider License Number_{slot}"],
        [$"Provider License Number State Code_{slot}"],
        [$"Healthcare Provider Primary Taxonomy Switch_{slot}"],
    ];
}
