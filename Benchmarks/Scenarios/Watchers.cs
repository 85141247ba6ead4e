using OrleansBulk.Benchmarks.Support;

namespace OrleansBulk.Benchmarks.Scenarios;

/// <summary>Many clients of one job's events, each on a connection of its own; they read and count, and no more.</summary>
internal sealed class Watchers(ServiceProcess service) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly HttpClient _http = New(service.Address);

    /// <summary>Completes when everybody has got a first event. Its result completes when everybody has got the last one, with how many events came in all.</summary>
    public async Task<Task<long>> WatchAsync(Guid job, int watchers)
    {
        var connected = new TaskCompletionSource[watchers];
        var watching = new Task<long>[watchers];
        for (var i = 0; i < watchers; i++)
        {
            connected[i] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            watching[i] = WatchAsync(job, connected[i]);
        }

        var first = Task.WhenAll(connected.Select(one => one.Task));
        await Task.WhenAny(first, FirstFailureAsync(watching)).Unwrap().WaitAsync(Patience);
        return SumAsync(watching);
    }

    public void Dispose() => _http.Dispose();

    private static async Task<long> SumAsync(Task<long>[] watching) => (await Task.WhenAll(watching).WaitAsync(Patience)).Sum();

    private static async Task FirstFailureAsync(Task<long>[] watching) => await Task.WhenAll(watching);

    private async Task<long> WatchAsync(Guid job, TaskCompletionSource connected)
    {
        using var response = await _http.GetAsync($"api/jobs/{job}/events", HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[4096];
        var events = new EventCount();
        int read;
        while ((read = await body.ReadAsync(buffer)) > 0)
        {
            events.Add(buffer.AsSpan(0, read));
            if (events.Count > 0)
            {
                connected.TrySetResult();
            }
        }

        return events.Done ? events.Count : throw new InvalidOperationException($"A watcher got {events.Count} events, but not 'done'.");
    }

    private static HttpClient New(Uri address)
    {
        var http = new HttpClient { BaseAddress = address, Timeout = Patience };
        http.DefaultRequestHeaders.Add("X-Api-Key", ServiceProcess.Key);
        return http;
    }

    /// <summary>Counts events in a stream that comes in pieces of any size.</summary>
    private struct EventCount
    {
        private int _line; // how much of "event: " the present line has matched; negative: it is another line
        private bool _named; // the present line has told that it is an event's name

        public long Count { get; private set; }

        public bool Done { get; private set; }

        public void Add(ReadOnlySpan<byte> bytes)
        {
            var name = "event: "u8;
            foreach (var one in bytes)
            {
                if (one == (byte)'\n')
                {
                    (_line, _named) = (0, false);
                }
                else if (_named)
                {
                    Done |= one == (byte)'d'; // of progress, failure and done
                    _named = false;
                }
                else if (_line >= 0 && one == name[_line])
                {
                    if (++_line == name.Length)
                    {
                        (_line, _named) = (-1, true);
                        Count++;
                    }
                }
                else
                {
                    _line = -1;
                }
            }
        }
    }
}
