using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;
using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary><see cref="ProfileRefresh"/> at work on one job.</summary>
internal sealed class ProfileRefreshRun(
    JobTicket job, TimeSpan maxAge, Database database, CodingPlatforms platforms, UpstreamGates gates, IGrainFactory grains, TimeProvider time) : IWorkloadRun
{
    /// <summary>An ask that waits longer at the gate comes back to the pump, so that grain calls stay short.</summary>
    private static readonly TimeSpan GateWait = TimeSpan.FromSeconds(5);

    /// <summary>How much of a lane's time is kept in line at its gate: enough that the gate never waits for the pump.</summary>
    private const double SecondsInLine = 4;

    /// <summary>Answers come in bursts; so many calls out need one item in line to stay as many.</summary>
    private const int CallsPerInLine = 8;

    private readonly string _flow = job.Id.ToString("D");

    public string LaneOf(Item item) => ((Target)item.Prepared!).Platform;

    public LaneRoom RoomOf(string lane)
    {
        if (platforms.Find(lane) is not { } platform)
        {
            return new LaneRoom(1, 1, null, null); // its first item will say that the platform is off
        }

        var gate = gates.Look(lane);
        var perSecond = gate.LimitPerSecond;
        var perCall = platform.ProfilesPerCall;
        var calls = gate.Ceiling + (perCall > 1 ? 1 : 0); // beside a call under way, the next one fills
        if (perSecond is { } rate)
        {
            calls = Math.Min(calls, Math.Max(perCall > 1 ? 2 : 1, (int)Math.Ceiling(rate * SecondsInLine)));
        }

        var open = gate.Breaker == "closed";
        var inLine = open && perCall == 1 && perSecond is null ? Math.Min(calls, job.Concurrency) / CallsPerInLine : 0;
        return new LaneRoom(perCall, open ? calls : 1, gate.BoundBy, perSecond * perCall, inLine);
    }

    private const string LookSql = """
        -- name: LookAtProfiles
        SELECT id, platform, handle, fetched_at, etag, state = 'missing' FROM coding_profiles WHERE id = ANY($1)
        """;

    public async Task<IReadOnlyList<ItemOutcome?>> PrepareAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        var asked = chunk.Items.Select(ProfileItem.Read).ToArray();
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        var known = (await connection.Sql(LookSql).With(Array.ConvertAll(asked, item => item.Id))
            .ListAsync(row => new Target(row.GetGuid(0), row.GetString(1), row.GetString(2), row.Time(3), row.Text(4), row.GetBoolean(5)), cancellationToken))
            .ToDictionary(target => target.Id);
        var freshSince = time.GetUtcNow() - maxAge;
        return [.. chunk.Items.Select((item, i) => Look(item, asked[i].Id, asked[i].Duplicate))];

        ItemOutcome? Look(Item item, Guid id, bool duplicate)
        {
            if (duplicate)
            {
                return new ItemSkipped("named more than once");
            }

            if (!known.TryGetValue(id, out var target))
            {
                return new ItemFailed("unknown profile", $"No profile has the id {id}: it was never registered, or deleted.", 0);
            }

            item.Prepared = target;
            return target.FetchedAt is { } fetched && fetched > freshSince ? new ItemSkipped(target.Missing ? "known to be missing" : "fresh already") { Cost = CallCost.Spared } : null;
        }
    }

    public async Task<ItemOutcome> RunAsync(Item item, CancellationToken cancellationToken)
    {
        var target = (Target)item.Prepared!;
        var asking = grains.Profile(target.Platform, target.Handle)
            .AskAsync(new AskProfile(target.Handle, maxAge, GateWait, _flow, job.Concurrency, item.Attempts, target.ETag));
        var reply = asking.IsCompletedSuccessfully ? asking.Result : await asking.WaitAsync(cancellationToken);
        return Outcome(item, target, reply);
    }

    /// <summary>The one place where a profile's reply becomes an item's outcome.</summary>
    private ItemOutcome Outcome(Item item, Target target, ProfileReply reply)
    {
        ItemOutcome outcome = reply switch
        {
            ProfileFound found => new ItemSucceeded(new WriteFound(target.Id, found.Profile)),
            ProfileUnchanged unchanged => new ItemSucceeded(new WriteUnchanged(target.Id, unchanged.FetchedAt)),
            ProfileMissing missing => new ItemFailed(missing.Cause, missing.Message, item.Attempts + 1, Result: new WriteMissing(target.Id, time.GetUtcNow())),
            ProfileDeferred deferred => new ItemDeferred(deferred.After, deferred.Reason, deferred.AttemptsSpent),
            ProfileFailed failed => new ItemFailed(failed.Cause, failed.Message, failed.Attempts, failed.Garbled),
            ProfileRefused refused => new ItemRefused(refused.Reason),
            _ => throw new InvalidOperationException($"{reply.GetType().Name} is no reply about a profile."),
        };
        return outcome with { Cost = reply.Cost };
    }

    public Task WriteAsync(NpgsqlConnection connection, IReadOnlyList<ItemResult> results, CancellationToken cancellationToken) =>
        ProfileWriter.WriteAsync(connection, Writes(results), cancellationToken);

    private static IEnumerable<ProfileWrite> Writes(IReadOnlyList<ItemResult> results)
    {
        foreach (var result in results)
        {
            if (result.Outcome is ItemSucceeded { Result: ProfileWrite found })
            {
                yield return found;
            }
            else if (result.Outcome is ItemFailed { Result: ProfileWrite missing })
            {
                yield return missing;
            }
        }
    }

    private sealed record Target(Guid Id, string Platform, string Handle, DateTimeOffset? FetchedAt, string? ETag, bool Missing);
}
