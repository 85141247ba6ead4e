using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Npgsql;
using OrleansBulk.Jobs;

namespace OrleansBulk.Benchmarks.Support;

/// <summary>Items that need nothing: a job of it costs what the engine costs (planning, claiming, outcomes, ledger). Spec: <c>{"items": 200000}</c>.</summary>
internal sealed class NothingWorkload : IWorkload
{
    public const string WorkloadName = "nothing";

    public string Name => WorkloadName;

    public Task<SpecCheck> CheckAsync(JsonElement spec, CancellationToken cancellationToken) => Task.FromResult<SpecCheck>(new SpecAccepted(spec.GetRawText()));

    public Task<JobForecast> ForecastAsync(SpecAccepted spec, JobMode mode, int concurrency, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<long?> ExpectAsync(Guid jobId, string spec, CancellationToken cancellationToken) => Task.FromResult<long?>(Items(spec));

    public async IAsyncEnumerable<PlannedItem> PlanAsync(Guid jobId, string spec, string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var items = Items(spec);
        for (var i = after is null ? 0 : long.Parse(after, CultureInfo.InvariantCulture) + 1; i < items; i++)
        {
            if (i % 1000 == 0)
            {
                await Task.Yield(); // as a plan that reads a page
            }

            yield return new PlannedItem($"nothing/item{i}", $"\"{i:D36}\"", i.ToString(CultureInfo.InvariantCulture));
        }
    }

    public IWorkloadRun Start(JobTicket job) => new Run();

    private static long Items(string spec)
    {
        using var document = JsonDocument.Parse(spec);
        return document.RootElement.GetProperty("items").GetInt64();
    }

    private sealed class Run : IWorkloadRun
    {
        private static readonly Task<ItemOutcome> Done = Task.FromResult<ItemOutcome>(new ItemSucceeded(null));

        public string LaneOf(Item item) => "nothing";

        public LaneRoom RoomOf(string lane) => new(1, 100, null, null);

        public Task<IReadOnlyList<ItemOutcome?>> PrepareAsync(Chunk chunk, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<ItemOutcome?>>(new ItemOutcome?[chunk.Items.Count]);

        public Task<ItemOutcome> RunAsync(Item item, CancellationToken cancellationToken) => Done;

        public Task WriteAsync(NpgsqlConnection connection, IReadOnlyList<ItemResult> results, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
