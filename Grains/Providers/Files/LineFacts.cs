using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using static OrleansBulk.Providers.Files.NppesColumns;

namespace OrleansBulk.Providers.Files;

/// <summary>
/// What one line says about a provider, in the form in which it is stored: what <see cref="ProviderRecord"/> is to an API's answer, but as bytes, because making a record's
/// strings would cost more than everything else. Its fingerprint is the record's, so the same facts from either side change nothing. For one caller at a time.
/// </summary>
internal sealed class LineFacts
{
    private const byte Separator = 0x1f;

    /// <summary>Entity to mailing country: the order of the fingerprint and, but for the name, of the staging table.</summary>
    public const int Texts = 21;

    private readonly (int Start, int Length)[] _fields = new (int, int)[Texts];
    private byte[] _written = new byte[16 * 1024];
    private int _length;
    private (int Start, int Length) _taxonomies;
    private (int Start, int Length) _name;

    public long Npi { get; private set; }

    /// <summary>The line says that the NPI is deactivated, and no more.</summary>
    public bool IsMark { get; private set; }

    public bool Deactivated { get; private set; }

    public DateOnly? EnumeratedOn { get; private set; }

    public DateOnly? LastUpdatedOn { get; private set; }

    public DateOnly? CertifiedOn { get; private set; }

    public DateOnly? DeactivatedOn { get; private set; }

    public DateOnly? ReactivatedOn { get; private set; }

    public long ContentHash { get; private set; }

    /// <summary>A text by its place; empty where nothing is told.</summary>
    public ReadOnlySpan<byte> this[int text] => Slice(_fields[text]);

    public ReadOnlySpan<byte> Name => Slice(_name);

    public ReadOnlySpan<byte> State => this[12];

    /// <summary>All codes, each once, the primary one first, with commas between them.</summary>
    public ReadOnlySpan<byte> Taxonomies => Slice(_taxonomies);

    public ReadOnlySpan<byte> Taxonomy => Taxonomies.IndexOf((byte)',') is >= 0 and var end ? Taxonomies[..end] : Taxonomies;

    /// <summary>Takes a line of the provider file. Answers why it cannot be taken, or null.</summary>
    public string? Read(FileLines line)
    {
        _length = 0;
        if (Number(line[NppesColumns.Npi]) is not { } npi)
        {
            return NoNpi(line[NppesColumns.Npi]);
        }

        Npi = npi;
        if (Days(line) is { } problem)
        {
            return problem;
        }

        Deactivated = DeactivatedOn is { } off && (ReactivatedOn is not { } on || on < off);
        ReadOnlySpan<byte> entity;
        switch (line[EntityType])
        {
            case [(byte)'1']:
                entity = "individual"u8;
                break;
            case [(byte)'2']:
                entity = "organization"u8;
                break;
            case [] when Deactivated:
                IsMark = true;
                return null;
            case []:
                return "It has no entity type, and no date on which it was deactivated.";
            default:
                return $"Its entity type is '{Shown(line[EntityType])}'; it must be 1 (a person) or 2 (an organisation).";
        }

        IsMark = false;
        Fill(line, entity);
        return null;
    }

    /// <summary>Takes a line of the deactivation list.</summary>
    public string? ReadMark(FileLines line)
    {
        if (Number(line[0]) is not { } npi)
        {
            return NoNpi(line[0]);
        }

        if (!Day(line[1], out var day) || day is null)
        {
            return $"'{Shown(line[1])}' is no day such as 12/31/2025.";
        }

        (Npi, IsMark, Deactivated, DeactivatedOn) = (npi, true, true, day);
        return null;
    }

    /// <summary>An NPI as somebody wrote it, for a list of what was rejected.</summary>
    public static string Shown(ReadOnlySpan<byte> value) => ProviderRecord.Clean(Encoding.UTF8.GetString(value[..Math.Min(value.Length, 60)])) ?? "";

    private void Fill(FileLines line, ReadOnlySpan<byte> entity)
    {
        Put(0, entity);
        Clean(1, line[Organization]);
        Clean(2, line[LastName]);
        Clean(3, line[FirstName]);
        Clean(4, line[MiddleName]);
        Clean(5, line[Credential]);
        Clean(6, line[Sex]);
        Phone(7, line[Practice + 6]);
        Phone(8, line[Practice + 7]);
        Address(9, line, Practice);
        Address(15, line, Mailing);
        Codes(line);
        Day(EnumeratedOn);
        Day(LastUpdatedOn);
        Day(CertifiedOn);
        Day(DeactivatedOn);
        Day(ReactivatedOn);
        Add(Deactivated ? "deactivated"u8 : "active"u8);
        Add(Separator);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(_written.AsSpan(0, _length), hash);
        ContentHash = BinaryPrimitives.ReadInt64LittleEndian(hash);
        _name = ReadName();
    }

    private string? Days(FileLines line)
    {
        foreach (var column in (ReadOnlySpan<int>)[EnumerationDate, LastUpdate, CertificationDate, DeactivationDate, ReactivationDate])
        {
            if (!Day(line[column], out var day))
            {
                return $"'{Shown(line[column])}' in the column '{Wanted[column][0]}' is no day such as 12/31/2025.";
            }

            switch (column)
            {
                case EnumerationDate:
                    EnumeratedOn = day;
                    break;
                case LastUpdate:
                    LastUpdatedOn = day;
                    break;
                case CertificationDate:
                    CertifiedOn = day;
                    break;
                case DeactivationDate:
                    DeactivatedOn = day;
                    break;
                default:
                    ReactivatedOn = day;
                    break;
            }
        }

        return null;
    }

    private void Address(int place, FileLines line, int column)
    {
        var given = false;
        for (var part = 0; part < 6; part++)
        {
            var value = line[column + part];
            if (part == 4)
            {
                PostalCode(place + part, value);
            }
            else
            {
                Clean(place + part, part == 5 && value.IsEmpty && given ? "US"u8 : value); // named only outside of the United States
            }

            given |= _fields[place + part].Length > 0;
        }
    }

    /// <summary>The primary taxonomy is the one whose switch says so; if none does, the first.</summary>
    private void Codes(FileLines line)
    {
        var primary = -1;
        for (var slot = 0; slot < TaxonomySlots && primary < 0; slot++)
        {
            primary = line[NppesColumns.Taxonomies + (slot * TaxonomyParts) + 3] is [(byte)'Y'] && !Code(line, slot).IsEmpty ? slot : -1;
        }

        for (var slot = 0; slot < TaxonomySlots && primary < 0; slot++)
        {
            primary = !Code(line, slot).IsEmpty ? slot : -1;
        }

        if (primary >= 0)
        {
            Add(Code(line, primary));
        }

        Add(Separator);
        var start = _length;
        for (var slot = -1; slot < TaxonomySlots && primary >= 0; slot++)
        {
            var code = Code(line, slot < 0 ? primary : slot);
            if (code.IsEmpty || Has(_written.AsSpan(start, _length - start), code))
            {
                continue;
            }

            if (_length > start)
            {
                Add((byte)',');
            }

            Add(code);
        }

        _taxonomies = (start, _length - start);
        Add(Separator);
    }

    /// <summary>A code has no comma, no blank and nothing beyond ASCII; what has is none.</summary>
    private static ReadOnlySpan<byte> Code(FileLines line, int slot)
    {
        var code = line[NppesColumns.Taxonomies + (slot * TaxonomyParts)].Trim((byte)' ');
        foreach (var letter in code)
        {
            if (!char.IsAsciiLetterOrDigit((char)letter))
            {
                return default;
            }
        }

        return code;
    }

    private static bool Has(ReadOnlySpan<byte> joined, ReadOnlySpan<byte> code)
    {
        foreach (var part in joined.Split((byte)','))
        {
            if (joined[part].SequenceEqual(code))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>As <see cref="ProviderRecord.NameOf"/>.</summary>
    private (int, int) ReadName()
    {
        if (_fields[1].Length > 0)
        {
            return _fields[1];
        }

        if (_fields[2].Length == 0 && _fields[3].Length == 0)
        {
            return (0, 0);
        }

        var start = _length;
        Add(Slice(_fields[2]));
        for (var part = 3; part <= 4; part++)
        {
            if (_fields[part].Length > 0)
            {
                Add(_length == start ? default : part == 3 || _fields[3].Length == 0 ? ", "u8 : " "u8);
                Add(Slice(_fields[part]));
            }
        }

        return (start, _length - start);
    }

    private void Put(int place, ReadOnlySpan<byte> value)
    {
        _fields[place] = (_length, value.Length);
        Add(value);
        Add(Separator);
    }

    /// <summary>As <see cref="ProviderRecord.Clean"/>; most values need nothing but a look.</summary>
    private void Clean(int place, ReadOnlySpan<byte> value)
    {
        if (value.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
        {
            Put(place, Encoding.UTF8.GetBytes(ProviderRecord.Clean(Encoding.UTF8.GetString(value)) ?? ""));
            return;
        }

        var trimmed = value.Trim((byte)' ');
        Put(place, trimmed.SequenceEqual("--"u8) ? default : trimmed);
    }

    private void Phone(int place, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty || (value.Length == 10 && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9')))
        {
            Put(place, value);
        }
        else
        {
            Put(place, Encoding.UTF8.GetBytes(ProviderRecord.Number(Encoding.UTF8.GetString(value)) ?? ""));
        }
    }

    private void PostalCode(int place, ReadOnlySpan<byte> value)
    {
        if (value.Length == 10)
        {
            Put(place, Encoding.UTF8.GetBytes(ProviderRecord.PostalCode(Encoding.UTF8.GetString(value)) ?? ""));
        }
        else
        {
            Clean(place, value);
        }
    }

    private void Day(DateOnly? day)
    {
        if (day is { } known)
        {
            Room(10);
            Utf8Formatter.TryFormat(known.Year * 10000 + known.Month * 100 + known.Day, _written.AsSpan(_length), out _, new System.Buffers.StandardFormat('D', 8));
            var at = _written.AsSpan(_length, 10);
            at[6..8].CopyTo(at[8..]);
            at[4..6].CopyTo(at[5..]);
            (at[4], at[7]) = ((byte)'-', (byte)'-');
            _length += 10;
        }

        Add(Separator);
    }

    private void Add(byte value)
    {
        Room(1);
        _written[_length++] = value;
    }

    private void Add(ReadOnlySpan<byte> value)
    {
        Room(value.Length);
        value.CopyTo(_written.AsSpan(_length));
        _length += value.Length;
    }

    private void Room(int count)
    {
        if (_length + count > _written.Length)
        {
            Array.Resize(ref _written, Math.Max(_written.Length * 2, _length + count));
        }
    }

    private ReadOnlySpan<byte> Slice((int Start, int Length) part) => _written.AsSpan(part.Start, part.Length);

    private static string NoNpi(ReadOnlySpan<byte> value) => value.Length == 10 && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9')
        ? $"The check digit of the NPI {Shown(value)} is wrong."
        : $"'{Shown(value)}' is no NPI: it must be ten digits, the first one 1 or 2.";

    private static long? Number(ReadOnlySpan<byte> value) =>
        value.Length == 10 && Utf8Parser.TryParse(value, out long npi, out var read) && read == 10 && NpiNumber.IsValid(npi) ? npi : null;

    /// <summary>Reads MM/DD/YYYY; empty is none. False: it is something else.</summary>
    private static bool Day(ReadOnlySpan<byte> value, out DateOnly? day)
    {
        day = null;
        if (value.IsEmpty)
        {
            return true;
        }

        if (value.Length != 10 || value[2] != '/' || value[5] != '/'
            || !Digits(value[..2], out var month) || !Digits(value[3..5], out var dayOfMonth) || !Digits(value[6..], out var year)
            || year < 1 || month is < 1 or > 12 || dayOfMonth < 1 || dayOfMonth > DateTime.DaysInMonth(year, month))
        {
            return false;
        }

        day = new DateOnly(year, month, dayOfMonth);
        return true;
    }

    private static bool Digits(ReadOnlySpan<byte> value, out int number)
    {
        number = 0;
        foreach (var digit in value)
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            number = (number * 10) + digit - '0';
        }

        return true;
    }
}
