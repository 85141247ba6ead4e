using System.Globalization;

namespace OrleansBulk.Web.Api;

/// <summary>Instants and days in queries.</summary>
internal static class Instants
{
    /// <summary>A day (its beginning in UTC) or an instant; empty is none. False when it is neither.</summary>
    public static bool Read(string? text, out DateTimeOffset? instant)
    {
        instant = null;
        if (string.IsNullOrEmpty(text))
        {
            return true;
        }

        var good = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var parsed) && parsed.Year >= 1900;
        instant = good ? parsed : null;
        return good;
    }
}
