using OrleansBulk.Jobs;

namespace OrleansBulk.Web.Api;

/// <summary>
/// What is known of one watched job. One follower writes, any number of lookers read: each takes the newest snapshot when it comes by, so a slow one skips snapshots and
/// holds up nobody.
/// </summary>
internal sealed class JobWatch : IDisposable
{
    private const int FailuresKept = 20;
    private const int NewsKept = 2000; // a looker who stays away for longer than these take sees the rest in the database

    private readonly Lock _sync = new();
    private readonly CancellationTokenSource _left = new();
    private readonly Action<JobWatch> _forget;
    private readonly Func<JobWatch, CancellationToken, Task> _follow;
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<(long Number, byte[] Frame)> _failures = [];
    private readonly LinkedList<(long Number, JobNews News)> _news = [];
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LinkedListNode<(long Number, JobNews News)>> _replaceable = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _following;
    private byte[]? _progress;
    private byte[]? _end;
    private long _number;
    private long _progressNumber;
    private int _lookers;

    public JobWatch(Guid id, Func<JobWatch, CancellationToken, Task> follow, Action<JobWatch> forget)
    {
        Id = id;
        _follow = follow;
        _forget = forget;
    }

    public Guid Id { get; }

    /// <summary>Completes with the job.</summary>
    public Task Done => _done.Task;

    /// <summary>How long a looker waits between two snapshots: a tenth of a second, longer when very many look, so that looking never slows the job.</summary>
    public TimeSpan Pace
    {
        get
        {
            lock (_sync)
            {
                return TimeSpan.FromMilliseconds(Math.Max(100, _lookers * 2)); // 500 snapshots a second in all, measured in Benchmarks (watchers)
            }
        }
    }

    public bool TryJoin()
    {
        lock (_sync)
        {
            if (_left.IsCancellationRequested)
            {
                return false;
            }

            _lookers++;
            _following ??= Task.Run(() => _follow(this, _left.Token));
            return true;
        }
    }

    public void Show(byte[] progress)
    {
        lock (_sync)
        {
            (_progress, _progressNumber) = (progress, ++_number);
            Changed();
        }
    }

    public void ShowFailure(byte[] failure)
    {
        lock (_sync)
        {
            _failures.Enqueue((++_number, failure));
            if (_failures.Count > FailuresKept)
            {
                _failures.Dequeue();
            }

            Changed();
        }
    }

    public void ShowNews(JobNews news)
    {
        lock (_sync)
        {
            if (news.Replaces is null && !_told.Add(news.Json))
            {
                return; // the watch was begun anew, and is told everything again
            }

            if (news.Replaces is { } replaced && _replaceable.Remove(replaced, out var worthless))
            {
                _news.Remove(worthless);
            }

            var added = _news.AddLast((++_number, news));
            if (news.Replaces is { } name)
            {
                _replaceable[name] = added;
            }

            if (_news.Count > NewsKept)
            {
                if (_news.First!.Value.News.Replaces is { } forgotten)
                {
                    _replaceable.Remove(forgotten);
                }

                _news.RemoveFirst();
            }

            Changed();
        }
    }

    public void End(byte[]? progress, byte[] end)
    {
        lock (_sync)
        {
            (_progress, _progressNumber, _end) = (progress ?? _progress, ++_number, end);
            Changed();
        }

        _done.TrySetResult();
    }

    /// <summary>What a looker has not seen yet, and what to wait for when that is nothing.</summary>
    /// <param name="seen">The number of the last that it saw; moved on.</param>
    public (IReadOnlyList<byte[]> Frames, bool Ended, Task Changed) Look(ref long seen)
    {
        lock (_sync)
        {
            var frames = new List<byte[]>();
            foreach (var (number, frame) in _failures)
            {
                if (number > seen)
                {
                    frames.Add(frame);
                }
            }

            var from = seen;
            if (_news.Last?.Value.Number > from)
            {
                frames.Add(JobFrames.News(_news.Where(told => told.Number > from).Select(told => told.News.Json)));
            }

            if (_progress is not null && _progressNumber > seen)
            {
                frames.Add(_progress);
            }

            if (_end is not null)
            {
                frames.Add(_end);
            }

            seen = _number;
            return (frames, _end is not null, _changed.Task);
        }
    }

    /// <summary>Leaves; with the last looker the watch ends.</summary>
    public void Dispose()
    {
        lock (_sync)
        {
            if (--_lookers > 0)
            {
                return;
            }

            _left.Cancel();
        }

        _forget(this);
    }

    private void Changed()
    {
        _changed.TrySetResult();
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
