namespace OrleansBulk.Jobs;

/// <summary>Ids of jobs are UUIDv7, so a moment is a place in their order.</summary>
public static class JobIds
{
    private const int RandomFrom = 8;
    private const int Digits = 32;

    /// <summary>The lowest id that a job made at this moment, or later, can have.</summary>
    public static Guid First(DateTimeOffset at)
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7(at).TryWriteBytes(bytes, bigEndian: true, out _);
        (bytes[6], bytes[7], bytes[RandomFrom]) = (0x70, 0, 0x80);
        bytes[(RandomFrom + 1)..].Clear();
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>The ids that begin like this text; nulls when none can.</summary>
    public static (Guid? Lowest, Guid? Highest) Range(string text)
    {
        var digits = text.Replace("-", "", StringComparison.Ordinal);
        return digits.Length is > 0 and <= Digits && digits.All(char.IsAsciiHexDigit)
            ? (Guid.ParseExact(digits.PadRight(Digits, '0'), "N"), Guid.ParseExact(digits.PadRight(Digits, 'f'), "N"))
            : (null, null);
    }
}
