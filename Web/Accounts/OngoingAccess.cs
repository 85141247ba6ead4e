using System.Runtime.CompilerServices;
using OrleansBulk.Storage;

namespace OrleansBulk.Web.Accounts;

/// <summary>Whether whoever began a request that goes on for hours (a stream of events) would still be let in: sessions end, users are disabled, keys are revoked meanwhile.</summary>
public sealed class OngoingAccess(Sessions sessions, ApiKeyLookup keys, TimeProvider time)
{
    /// <summary>As often as streams say that they are alive.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(15);

    public async Task<bool> HoldsAsync(HttpContext context, CancellationToken cancellationToken)
    {
        try
        {
            return context.Request.Headers[ApiKeyAuthentication.Header] is [{ } secret]
                ? await keys.FindAsync(secret, cancellationToken) is { IsRevoked: false }
                : await sessions.HoldsAsync(context, cancellationToken);
        }
        catch (Exception error) when (Database.IsAway(error))
        {
            return true; // nobody is out because the database is away; the next look tells
        }
    }

    /// <summary>The same events, which end when the access does.</summary>
    public async IAsyncEnumerable<T> WhileItHoldsAsync<T>(HttpContext context, IAsyncEnumerable<T> events, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var lookedAt = time.GetTimestamp();
        await foreach (var one in events.WithCancellation(cancellationToken))
        {
            if (time.GetElapsedTime(lookedAt) >= LookEvery)
            {
                if (!await HoldsAsync(context, cancellationToken))
                {
                    yield break;
                }

                lookedAt = time.GetTimestamp();
            }

            yield return one;
        }
    }
}
