using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace OrleansBulk.CodingProfiles;

/// <summary>What is written about one profile. Closed: <see cref="WriteFound"/>, <see cref="WriteMissing"/>, <see cref="WriteUnchanged"/>.</summary>
public abstract record ProfileWrite(Guid ProfileId, DateTimeOffset At);

public sealed record WriteFound(Guid ProfileId, ProfileSnapshot Profile) : ProfileWrite(ProfileId, Profile.FetchedAt)
{
    /// <summary>A fingerprint of what history keeps: when it is the same as the stored one, nothing changed.</summary>
    public long ContentHash
    {
        get
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
                $"{Profile.Rating}|{Profile.MaxRating}|{Profile.SolvedTotal}|{Profile.SolvedEasy}|{Profile.SolvedMedium}|{Profile.SolvedHard}|{Profile.Contests}|{Profile.Rank}")), hash);
            return BinaryPrimitives.ReadInt64LittleEndian(hash);
        }
    }
}

public sealed record WriteMissing(Guid ProfileId, DateTimeOffset At) : ProfileWrite(ProfileId, At);

public sealed record WriteUnchanged(Guid ProfileId, DateTimeOffset At) : ProfileWrite(ProfileId, At);
