namespace OrleansBulk.Providers;

/// <summary>
/// The specialties that are known by code and by description. The registry searches by description only and answers with codes, so a sync needs both; any other
/// specialty can be given with both.
/// </summary>
public static class Specialties
{
    private static readonly Specialty[] Known =
    [
        Of("207R00000X", "Internal Medicine"), Of("207Q00000X", "Family Medicine"), Of("208000000X", "Pediatrics"), Of("207RC0000X", "Internal Medicine", "Cardiovascular Disease"),
        Of("207N00000X", "Dermatology"), Of("2084P0800X", "Psychiatry & Neurology", "Psychiatry"), Of("207X00000X", "Orthopaedic Surgery"), Of("207V00000X", "Obstetrics & Gynecology"),
        Of("207K00000X", "Allergy & Immunology"), Of("207L00000X", "Anesthesiology"), Of("207P00000X", "Emergency Medicine"), Of("208D00000X", "General Practice"),
        Of("207RC0200X", "Internal Medicine", "Critical Care Medicine"), Of("207RC0001X", "Internal Medicine", "Clinical Cardiac Electrophysiology"),
        Of("207RE0101X", "Internal Medicine", "Endocrinology, Diabetes & Metabolism"), Of("207RG0100X", "Internal Medicine", "Gastroenterology"), Of("207RG0300X", "Internal Medicine", "Geriatric Medicine"),
        Of("207RH0000X", "Internal Medicine", "Hematology"), Of("207RH0003X", "Internal Medicine", "Hematology & Oncology"), Of("207RI0011X", "Internal Medicine", "Interventional Cardiology"),
        Of("207RI0200X", "Internal Medicine", "Infectious Disease"), Of("207RN0300X", "Internal Medicine", "Nephrology"), Of("207RP1001X", "Internal Medicine", "Pulmonary Disease"),
        Of("207RR0500X", "Internal Medicine", "Rheumatology"), Of("207RS0012X", "Internal Medicine", "Sleep Medicine"), Of("207RX0202X", "Internal Medicine", "Medical Oncology"),
        Of("208M00000X", "Hospitalist"), Of("207T00000X", "Neurological Surgery"), Of("207U00000X", "Nuclear Medicine"), Of("207VE0102X", "Obstetrics & Gynecology", "Reproductive Endocrinology"),
        Of("207VG0400X", "Obstetrics & Gynecology", "Gynecology"), Of("207VM0101X", "Obstetrics & Gynecology", "Maternal & Fetal Medicine"), Of("207VX0201X", "Obstetrics & Gynecology", "Gynecologic Oncology"),
        Of("207W00000X", "Ophthalmology"), Of("207XX0005X", "Orthopaedic Surgery", "Sports Medicine"), Of("207Y00000X", "Otolaryngology"),
        Of("207ZP0102X", "Pathology", "Anatomic Pathology & Clinical Pathology"), Of("2080N0001X", "Pediatrics", "Neonatal-Perinatal Medicine"), Of("2080P0202X", "Pediatrics", "Pediatric Cardiology"),
        Of("208100000X", "Physical Medicine & Rehabilitation"), Of("208200000X", "Plastic Surgery"), Of("2084N0400X", "Psychiatry & Neurology", "Neurology"),
        Of("2084P0804X", "Psychiatry & Neurology", "Child & Adolescent Psychiatry"), Of("2085R0001X", "Radiology", "Radiation Oncology"), Of("2085R0202X", "Radiology", "Diagnostic Radiology"),
        Of("208600000X", "Surgery"), Of("2086S0129X", "Surgery", "Vascular Surgery"), Of("208800000X", "Urology"), Of("208C00000X", "Colon & Rectal Surgery"), Of("204E00000X", "Oral & Maxillofacial Surgery"),
        Of("363L00000X", "Nurse Practitioner"), Of("363LF0000X", "Nurse Practitioner", "Family"), Of("363A00000X", "Physician Assistant"), Of("367500000X", "Nurse Anesthetist, Certified Registered"),
        Of("163W00000X", "Registered Nurse"), Of("164W00000X", "Licensed Practical Nurse"), Of("122300000X", "Dentist"), Of("1223P0221X", "Dentist", "Pediatric Dentistry"),
        Of("111N00000X", "Chiropractor"), Of("152W00000X", "Optometrist"), Of("213E00000X", "Podiatrist"), Of("225100000X", "Physical Therapist"), Of("225X00000X", "Occupational Therapist"),
        Of("235Z00000X", "Speech-Language Pathologist"), Of("103T00000X", "Psychologist"), Of("101Y00000X", "Counselor"), Of("101YM0800X", "Counselor", "Mental Health"),
        Of("106H00000X", "Marriage & Family Therapist"), Of("183500000X", "Pharmacist"), Of("3336C0003X", "Pharmacy", "Community/Retail Pharmacy"), Of("282N00000X", "General Acute Care Hospital"),
        Of("314000000X", "Skilled Nursing Facility"), Of("251E00000X", "Home Health"), Of("261QU0200X", "Clinic/Center", "Urgent Care"), Of("291U00000X", "Clinical Medical Laboratory"), Of("341600000X", "Ambulance"),
    ];

    /// <summary>What a sync takes when none is named.</summary>
    public static IReadOnlyList<Specialty> Default { get; } = Known[..8];

    public static IReadOnlyList<Specialty> All => Known;

    /// <summary>By code, or by description in any case: alone, or as the registry writes it (<c>Classification, Specialization</c>).</summary>
    public static Specialty? Find(string text) => Array.Find(Known, known =>
        known.Code.Equals(text, StringComparison.OrdinalIgnoreCase) || known.Description.Equals(text, StringComparison.OrdinalIgnoreCase) || known.Name.Equals(text, StringComparison.OrdinalIgnoreCase));

    /// <summary>A specialty's name for people; the code where it is not known.</summary>
    public static string NameOf(string code) => Array.Find(Known, known => known.Code == code)?.Name ?? code;

    private static Specialty Of(string code, string classification, string? specialization = null) =>
        specialization is null ? new(code, classification, classification) : new(code, specialization, $"{classification}, {specialization}");
}
