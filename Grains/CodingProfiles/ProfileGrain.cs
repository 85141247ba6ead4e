using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>
/// One profile. Holds its last answer, and the call that is under way, which everybody who asks meanwhile shares. Persists nothing: whoever asked writes the answer,
/// a job in the transaction of its outcome. The database row is the longer memory of the five minutes; whoever asks has looked there first.
/// </summary>
[Reentrant, CollectionAgeLimit(Minutes = 5)]
internal sealed class ProfileGrain(CodingPlatforms platforms, TimeProvider time) : Grain, IProfileGrain
{
    private ProfileReply? _answer;
    private DateTimeOffset _answeredAt;
    private Task<ProfileReply>? _asking;

    public async Task<ProfileReply> AskAsync(AskProfile ask)
    {
        while (true)
        {
            if (_answer is not null && time.GetUtcNow() - _answeredAt < ask.MaxAge)
            {
                return _answer;
            }

            if (_asking is null)
            {
                return await AskPlatformAsync(ask);
            }

            var shared = await _asking;
            if (shared is ProfileDeferred && ask.Flow == FlowTicket.Interactive)
            {
                continue; // a job's ask was put off; a person's is served sooner
            }

            return shared with { Cost = CallCost.Spared };
        }
    }

    private async Task<ProfileReply> AskPlatformAsync(AskProfile ask)
    {
        _asking = FetchAsync(ask);
        try
        {
            var reply = await _asking;
            if (reply is ProfileFound or ProfileMissing or ProfileUnchanged)
            {
                _answeredAt = time.GetUtcNow();
                _answer = reply is ProfileFound found
                    ? found with { FromCache = true, Cost = CallCost.Spared }
                    : reply with { Cost = CallCost.Spared };
            }

            return reply;
        }
        finally
        {
            _asking = null;
        }
    }

    private async Task<ProfileReply> FetchAsync(AskProfile ask)
    {
        var (name, _) = ProfileKeys.Split(this.GetPrimaryKeyString());
        if (platforms.Find(name) is not { } platform)
        {
            return new ProfileRefused(name, platforms.WhyUnavailable(name)!);
        }

        if (platform.WhyInvalid(ask.Handle) is { } invalid)
        {
            return new ProfileMissing($"{name}: handle is not valid", invalid);
        }

        var budget = new CallBudget(new FlowTicket(ask.Flow, ask.FlowConcurrency), ask.WaitAtMost, ask.AttemptsSpent);
        return Reply(name, await platform.FetchAsync(ask.Handle, ask.ETag, budget, CancellationToken.None));
    }

    /// <summary>The one place where a call's result becomes a profile's reply.</summary>
    private ProfileReply Reply(string platform, CallResult result)
    {
        ProfileReply reply = result switch
        {
            CallAnswered<PlatformAnswer> { Value: PlatformProfile found } => new ProfileFound(found.Profile, FromCache: false),
            CallAnswered<PlatformAnswer> { Value: PlatformUnchanged } => new ProfileUnchanged(time.GetUtcNow()),
            CallMissing missing => new ProfileMissing(missing.Cause, missing.Message),
            CallDeferred deferred => new ProfileDeferred(deferred.After, deferred.Reason, deferred.Attempts),
            CallRefused refused => new ProfileRefused(platform, refused.Reason),
            CallTroubled troubled => new ProfileFailed(troubled.Cause, troubled.Message, troubled.Attempts),
            CallGarbled garbled => new ProfileFailed(garbled.Cause, garbled.Message, garbled.Attempts) { Garbled = true },
            _ => throw new InvalidOperationException($"{platform} answered {result.GetType().Name}, which is no answer for a profile."),
        };
        return reply with { Cost = result.Cost };
    }
}
