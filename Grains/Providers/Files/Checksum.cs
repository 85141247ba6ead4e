using System.Buffers.Binary;

namespace OrleansBulk.Providers.Files;

/// <summary>The checksum of zip files (CRC-32), eight bytes a step: unpacking costs ten times as much.</summary>
internal static class Checksum
{
    private const uint Polynomial = 0xEDB88320;
    private static readonly uint[][] Tables = MakeTables();

    /// <summary>Begin with all bits set; the checksum is what comes out in the end, inverted.</summary>
    public static uint Add(uint sum, ReadOnlySpan<byte> bytes)
    {
        var tables = Tables;
        while (bytes.Length >= 8)
        {
            var low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ sum;
            var high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            sum = tables[7][low & 0xff] ^ tables[6][(low >> 8) & 0xff] ^ tables[5][(low >> 16) & 0xff] ^ tables[4][low >> 24]
                ^ tables[3][high & 0xff] ^ tables[2][(high >> 8) & 0xff] ^ tables[1][(high >> 16) & 0xff] ^ tables[0][high >> 24];
            bytes = bytes[8..];
        }

        foreach (var value in bytes)
        {
            sum = tables[0][(sum ^ value) & 0xff] ^ (sum >> 8);
        }

        return sum;
    }

    private static uint[][] MakeTables()
    {
        var tables = Enumerable.Range(0, 8).Select(_ => new uint[256]).ToArray();
        for (var value = 0u; value < 256; value++)
        {
            var sum = value;
            for (var bit = 0; bit < 8; bit++)
            {
                sum = (sum & 1) != 0 ? (sum >> 1) ^ Polynomial : sum >> 1;
            }

            tables[0][value] = sum;
        }

        for (var table = 1; table < 8; table++)
        {
            for (var value = 0; value < 256; value++)
            {
                var before = tables[table - 1][value];
                tables[table][value] = (before >> 8) ^ tables[0][before & 0xff];
            }
        }

        return tables;
    }
}
