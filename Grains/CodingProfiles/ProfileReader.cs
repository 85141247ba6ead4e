using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>Reads one profile for somebody who waits: from the database when it is young enough, else through its grain.</summary>
public sealed class ProfileReader(ProfileStore profiles, IGrainFactory grains, TimeProvider time)
{
    public async Task<ProfileReading> ReadAsync(string platform, string handle, TimeSpan maxAge, CancellationToken cancellationToken)
    {
        if (await profiles.FindAsync(platform, handle, cancellationToken) is not { } row)
        {
            return new ProfileUnregistered();
        }

        if (row.FetchedAt is { } fetched && time.GetUtcNow() - fetched < maxAge)
        {
            return new ProfileRead(row);
        }

        var ask = new AskProfile(row.Handle, maxAge, CallBudget.Interactive.WaitAtMost, FlowTicket.Interactive, 0, 0, row.ETag);
        ProfileWrite write;
        switch (await grains.Profile(platform, handle).AskAsync(ask).WaitAsync(cancellationToken))
        {
            case ProfileFound found:
                write = new WriteFound(row.Id, found.Profile);
                break;
            case ProfileMissing:
                write = new WriteMissing(row.Id, time.GetUtcNow());
                break;
            case ProfileUnchanged unchanged:
                write = new WriteUnchanged(row.Id, unchanged.FetchedAt);
                break;
            case ProfileDeferred deferred:
                return new ProfileUnavailable(row, deferred.Reason, deferred.After);
            case ProfileFailed failed:
                return new ProfileUnavailable(row, failed.Message, TimeSpan.FromSeconds(30));
            case ProfileRefused refused:
                return new ProfileUnavailable(row, refused.Reason, TimeSpan.FromMinutes(5));
            case var other:
                throw new InvalidOperationException($"{other.GetType().Name} is no reply about a profile.");
        }

        await profiles.WriteAsync(write, cancellationToken);
        return await profiles.FindAsync(platform, handle, cancellationToken) is { } now ? new ProfileRead(now) : new ProfileUnregistered();
    }
}

/// <summary>Closed: <see cref="ProfileRead"/>, <see cref="ProfileUnregistered"/>, <see cref="ProfileUnavailable"/>.</summary>
public abstract record ProfileReading;

public sealed record ProfileRead(ProfileRow Profile) : ProfileReading;

public sealed record ProfileUnregistered : ProfileReading;

/// <summary>The platform could not be asked now; the profile as it was known before.</summary>
public sealed record ProfileUnavailable(ProfileRow Known, string Reason, TimeSpan AskAgainAfter) : ProfileReading;
