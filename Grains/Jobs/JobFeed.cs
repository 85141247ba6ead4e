using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace OrleansBulk.Jobs;

/// <summary>
/// Tells watchers of one job what happens. The pump and the grain write, watchers read; a slow watcher loses older events, never the newest, and never holds up the writer.
/// </summary>
internal sealed class JobFeed
{
    private const int Kept = 128; // events a watcher may lag behind: news of a workload come in bursts
    private const int NewsKept = 1000;
    private readonly Lock _sync = new();
    private readonly List<Channel<JobEvent>> _watchers = [];
    private readonly Queue<JobNews> _news = []; // for those who come later; without what newer ones replace

    public int Watchers
    {
        get
        {
            lock (_sync)
            {
                return _watchers.Count;
            }
        }
    }

    public void Publish(JobEvent happened)
    {
        lock (_sync)
        {
            if (happened is JobNews { Replaces: null } news)
            {
                _news.Enqueue(news);
                if (_news.Count > NewsKept)
                {
                    _news.Dequeue();
                }
            }

            foreach (var watcher in _watchers)
            {
                watcher.Writer.TryWrite(happened);
            }
        }
    }

    /// <summary>The first event as given, then the news there were, then what is published, up to and including a <see cref="JobEnded"/>.</summary>
    /// <param name="first">Made after the watcher is registered, so that nothing falls between the two.</param>
    public async IAsyncEnumerable<JobEvent> WatchAsync(Func<Task<JobEvent>> first, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateBounded<JobEvent>(new BoundedChannelOptions(Kept) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        JobNews[] news;
        lock (_sync)
        {
            news = [.. _news];
            _watchers.Add(channel);
        }

        try
        {
            var now = await first();
            foreach (var told in news)
            {
                yield return told;
            }

            yield return now;
            while (now is not JobEnded)
            {
                now = await channel.Reader.ReadAsync(cancellationToken);
                yield return now;
            }
        }
        finally
        {
            lock (_sync)
            {
                _watchers.Remove(channel);
            }
        }
    }
}
