using OrleansBulk.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Api;

/// <summary>Timelines for the pages. Folding a day of samples costs tens of milliseconds, so everybody who looks at the same moment shares one reading.</summary>
public sealed class Timelines(TimelineStore store, TimeProvider time)
{
    private const int Points = 60;
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly BriefCache<Guid, IReadOnlyList<TimelinePoint>> _jobs = new(TimeSpan.FromSeconds(1), time);
    private readonly BriefCache<TimeSpan, IReadOnlyList<FinishedItems>> _finished = new(TimeSpan.FromSeconds(5), time);

    /// <summary>What a job did over time.</summary>
    public Task<IReadOnlyList<TimelinePoint>> ReadAsync(Guid jobId, CancellationToken cancellationToken) =>
        _jobs.GetAsync(jobId, id => store.ReadAsync(id, Points, CancellationToken.None), cancellationToken); // shared, so it does not end with the first who asked

    /// <summary>What all jobs finished in each minute of the last hour, the minutes without anything among them.</summary>
    public async Task<IReadOnlyList<FinishedItems>> ReadLastHourAsync(CancellationToken cancellationToken)
    {
        var minute = TimeSpan.FromMinutes(1);
        var now = time.GetUtcNow();
        var first = new DateTimeOffset(now.UtcTicks - (now.UtcTicks % minute.Ticks), TimeSpan.Zero) - Hour + minute;
        var found = (await _finished.GetAsync(Hour, _ => store.ReadFinishedAsync(first, CancellationToken.None), cancellationToken)).ToDictionary(items => items.At);
        return [.. Enumerable.Range(0, (int)(Hour / minute)).Select(i => first + (i * minute)).Select(at => found.GetValueOrDefault(at) ?? new FinishedItems(at, 0, 0, 0))];
    }
}
