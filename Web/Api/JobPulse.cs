using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using OrleansBulk.Jobs;

namespace OrleansBulk.Web.Api;

/// <summary>
/// Tells everybody who looks at several jobs at once (lists, the overview) when it is time to look again: one small query every two seconds, however many look, and none
/// while nobody does.
/// </summary>
public sealed class JobPulse(JobStore jobs, TimeProvider time, IHostApplicationLifetime lifetime)
{
    /// <summary>There is something new to see.</summary>
    public const string Changed = "changed";

    /// <summary>There is not, but the stream is alive.</summary>
    public const string Still = "still";

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StillEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Afterglow = TimeSpan.FromSeconds(10); // rates of the last seconds go on falling when all is done

    private readonly Lock _lock = new();
    private TaskCompletionSource _next = NewNext();
    private int _readers;
    private bool _looks;

    /// <summary>An event at once, and then one whenever jobs came, went, changed their state or got on.</summary>
    public async IAsyncEnumerable<SseItem<string>> ReadAsync([EnumeratorCancellation] CancellationToken gone)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(gone, lifetime.ApplicationStopping);
        var next = Enter();
        try
        {
            yield return new SseItem<string>("", Changed) { ReconnectionInterval = LookEvery };
            while (await ComesAsync(next, stop.Token) is { } news)
            {
                next = Volatile.Read(ref _next).Task; // before the event is out: what comes meanwhile is news again
                yield return new SseItem<string>("", news);
            }
        }
        finally
        {
            Leave();
        }
    }

    private async Task<string?> ComesAsync(Task next, CancellationToken stop)
    {
        try
        {
            await next.WaitAsync(StillEvery, time, stop);
            return Changed;
        }
        catch (TimeoutException)
        {
            return Still;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private Task Enter()
    {
        lock (_lock)
        {
            _readers++;
            if (!_looks)
            {
                _looks = true;
                _ = Task.Run(LookAsync, CancellationToken.None);
            }

            return _next.Task;
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            _readers--;
        }
    }

    private async Task LookAsync()
    {
        string? seen = null;
        var changedAt = time.GetTimestamp();
        while (GoesOn())
        {
            var pulse = await PulseAsync();
            if (pulse != seen)
            {
                changedAt = time.GetTimestamp();
            }

            if (pulse != seen || time.GetElapsedTime(changedAt) < Afterglow)
            {
                Interlocked.Exchange(ref _next, NewNext()).SetResult();
            }

            seen = pulse;
            await Task.Delay(LookEvery, time, CancellationToken.None);
        }
    }

    private bool GoesOn()
    {
        lock (_lock)
        {
            return _looks = _readers > 0 && !lifetime.ApplicationStopping.IsCancellationRequested;
        }
    }

    private async Task<string> PulseAsync()
    {
        try
        {
            return await jobs.ReadPulseAsync(CancellationToken.None);
        }
        catch (Exception)
        {
            return "away"; // news too: whoever looks again is told what it is; this loop must not end by it
        }
    }

    private static TaskCompletionSource NewNext() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
