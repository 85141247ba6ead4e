using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Npgsql;
using OrleansBulk.Jobs;

namespace OrleansBulk.Tests.Support;

/// <summary>
/// A workload that a test plays: items are numbers, <see cref="Run"/> says what becomes of one, results go into a table that would show a double write.
/// Several silos of one process share it.
/// </summary>
internal sealed class TestWorkload : IWorkload
{
    public const string WorkloadName = "test";
    public const string ResultTable = "CREATE TABLE IF NOT EXISTS test_results (job_id uuid NOT NULL, key text NOT NULL)";

    private int _running;
    private int _mostAtOnce;

    public string Name => WorkloadName;

    /// <summary>Whether it goes slowly beside people. Default: no.</summary>
    public bool IsBackground { get; init; }

    /// <summary>What running an item comes to. Default: it succeeds.</summary>
    public Func<Item, CancellationToken, Task<ItemOutcome>> Run { get; set; } = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done"));

    /// <summary>Which lane an item belongs to. Default: all to one.</summary>
    public Func<string, string> Lane { get; set; } = _ => "one";

    /// <summary>Room of a lane. Default: as much as the job wants.</summary>
    public Func<string, LaneRoom> Room { get; set; } = _ => new LaneRoom(1, 1000, null, null);

    /// <summary>Settles items before they run. Default: none.</summary>
    public Func<Item, ItemOutcome?> Prepare { get; set; } = _ => null;

    /// <summary>Called before a chunk's items are looked at; may wait.</summary>
    public Func<CancellationToken, Task> Preparing { get; set; } = _ => Task.CompletedTask;

    /// <summary>Called before each planned item; may throw.</summary>
    public Action<long> Planning { get; set; } = _ => { };

    /// <summary>Called inside each commit before its results are written; may throw.</summary>
    public Func<IReadOnlyList<ItemResult>, Task> Writing { get; set; } = _ => Task.CompletedTask;

    /// <summary>Called after each commit, before the pump hears of it.</summary>
    public Action<IReadOnlyList<ItemResult>> Committed { get; set; } = _ => { };

    /// <summary>Called when a pump is done with the workload; may throw.</summary>
    public Func<Task> Leaving { get; set; } = () => Task.CompletedTask;

    /// <summary>How many items run now.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>How often each key was run.</summary>
    public ConcurrentDictionary<string, int> Runs { get; } = new();

    public int MostAtOnce => _mostAtOnce;

    /// <summary>A spec of so many items with the keys 0, 1, 2, …</summary>
    public static JsonElement Spec(long items) => JsonSerializer.SerializeToElement(new { items });

    public Task<SpecCheck> CheckAsync(JsonElement spec, CancellationToken cancellationToken) => Task.FromResult<SpecCheck>(
        spec.ValueKind == JsonValueKind.Object && spec.TryGetProperty("items", out _) ? new SpecAccepted(spec.GetRawText()) : new SpecRejected("spec needs items."));

    public Task<JobForecast> ForecastAsync(SpecAccepted spec, JobMode mode, int concurrency, CancellationToken cancellationToken) =>
        Task.FromResult(new JobForecast(Items(spec.Spec), 0, 0, 0, new Dictionary<string, long>(), null, null));

    public Task<long?> ExpectAsync(Guid jobId, string spec, CancellationToken cancellationToken) => Task.FromResult<long?>(Items(spec));

    public async IAsyncEnumerable<PlannedItem> PlanAsync(Guid jobId, string spec, string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var number = after is null ? 0 : long.Parse(after) + 1; number < Items(spec); number++)
        {
            Planning(number);
            cancellationToken.ThrowIfCancellationRequested();
            yield return new PlannedItem(number.ToString(), null, number.ToString());
        }

        await Task.CompletedTask;
    }

    /// <summary>Of the job that was started last.</summary>
    public JobTicket? Ticket { get; private set; }

    public IWorkloadRun Start(JobTicket job) => new TestRun(this, Ticket = job);

    private static long Items(string spec) => JsonDocument.Parse(spec).RootElement.GetProperty("items").GetInt64();

    private sealed class TestRun(TestWorkload workload, JobTicket job) : IWorkloadRun, IAsyncDisposable
    {
        public string LaneOf(Item item) => workload.Lane(item.Key);

        public LaneRoom RoomOf(string lane) => workload.Room(lane);

        public async Task<IReadOnlyList<ItemOutcome?>> PrepareAsync(Chunk chunk, CancellationToken cancellationToken)
        {
            await workload.Preparing(cancellationToken);
            return [.. chunk.Items.Select(workload.Prepare)];
        }

        public async Task<ItemOutcome> RunAsync(Item item, CancellationToken cancellationToken)
        {
            var atOnce = Interlocked.Increment(ref workload._running);
            InterlockedMax(ref workload._mostAtOnce, atOnce);
            workload.Runs.AddOrUpdate(item.Key, 1, (_, runs) => runs + 1);
            try
            {
                return await workload.Run(item, cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref workload._running);
            }
        }

        public async Task WriteAsync(NpgsqlConnection connection, IReadOnlyList<ItemResult> results, CancellationToken cancellationToken)
        {
            await workload.Writing(results);
            var keys = results.Where(result => result.Outcome is ItemSucceeded).Select(result => result.Item.Key).ToArray();
            await using var command = new NpgsqlCommand("INSERT INTO test_results SELECT $1, unnest($2)", connection) { Parameters = { new() { Value = job.Id }, new() { Value = keys } } };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        public void Committed(IReadOnlyList<ItemResult> results) => workload.Committed(results);

        public async ValueTask DisposeAsync() => await workload.Leaving();

        private static void InterlockedMax(ref int target, int value)
        {
            for (var seen = Volatile.Read(ref target); seen < value;)
            {
                var before = Interlocked.CompareExchange(ref target, value, seen);
                if (before == seen)
                {
                    return;
                }

                seen = before;
            }
        }
    }
}
