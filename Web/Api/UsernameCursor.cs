using System.Globalization;
using OrleansBulk.Ingest;

namespace OrleansBulk.Web.Api;

/// <summary>Where a page of usernames ended, as it stands in <c>next</c> and <c>after</c>: the microseconds of its ingest, its id's length, its id, its username in lower case.</summary>
internal static class UsernameCursor
{
    public static string Write(UsernameRow last) => string.Create(
        CultureInfo.InvariantCulture, $"{(last.IngestedAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond}.{last.Id.Length}.{last.Id}{UsernamePlace.Fold(last.Username)}");

    /// <summary>False when it is no cursor.</summary>
    public static bool Read(string? text, out UsernamePlace? place)
    {
        place = null;
        if (string.IsNullOrEmpty(text))
        {
            return true;
        }

        if (text.Split('.', 3) is not [var at, var length, var rest]
            || !long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) || microseconds > 100_000_000_000_000_000
            || !int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var idLength) || idLength > rest.Length
            || (idLength > 0 && idLength < rest.Length && char.IsSurrogatePair(rest[idLength - 1], rest[idLength])))
        {
            return false;
        }

        place = new UsernamePlace(DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond), rest[idLength..], rest[..idLength]);
        return true;
    }
}
