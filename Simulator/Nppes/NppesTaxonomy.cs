namespace OrleansBulk.Simulator.Nppes;

/// <summary>A taxonomy as answers spell it: <c>Classification, Specialization</c>.</summary>
internal sealed record NppesTaxonomy(string Code, string Description)
{
    public static IReadOnlyList<NppesTaxonomy> All { get; } =
    [
        new("207R00000X", "Internal Medicine"), new("207Q00000X", "Family Medicine"), new("208000000X", "Pediatrics"), new("207RC0000X", "Internal Medicine, Cardiovascular Disease"),
        new("207N00000X", "Dermatology"), new("2084P0800X", "Psychiatry & Neurology, Psychiatry"), new("207X00000X", "Orthopaedic Surgery"), new("207V00000X", "Obstetrics & Gynecology"),
        new("207VG0400X", "Obstetrics & Gynecology, Gynecology"), new("207RG0100X", "Internal Medicine, Gastroenterology"), new("1835C0206X", "Pharmacist, Cardiology"),
        new("2084P0804X", "Psychiatry & Neurology, Child & Adolescent Psychiatry"), new("363L00000X", "Nurse Practitioner"), new("363LF0000X", "Nurse Practitioner, Family"),
        new("163WP0807X", "Registered Nurse, Psych/Mental Health, Child & Adolescent"), new("207ND0101X", "Dermatology, MOHS-Micrographic Surgery"),
    ];
}
