using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using OrleansBulk.Benchmarks.Support;

namespace OrleansBulk.Benchmarks.Scenarios;

/// <summary>Many models at once take as long as the slowest and its last evaluation; a hundred runs at once end, and leave no memory behind.</summary>
internal sealed class HooksScenario : IScenario
{
    private const double MostOverFloor = 1.05;
    private const double MostMegabytes = 50;
    private const double MostMilliseconds = 200;
    private const int MostModels = 12;
    private static readonly string[] First = ["m1"];

    public string Name => "hooks";

    public string Summary => "Hooks of 1 to 12 models at once: at most 1.05 × the longest generation and its last evaluation; 100 runs at once.";

    public async Task<ScenarioResult> RunAsync(Bench bench)
    {
        var (counts, pace, runs) = bench.Short ? (new[] { 1, 4 }, 120, 20) : (new[] { 1, 2, 3, 4, 6, 12 }, 40, 100);
        await using var database = await BenchDatabase.CreateAsync(bench);
        await using var simulator = await SimulatorProcess.StartAsync(Scenario(pace));
        await using var service = await ServiceProcess.StartAsync(database, simulator, [.. Enumerable.Range(0, MostModels).SelectMany(place => Model(place, $"m{place + 1}")), .. Model(MostModels, "judge"), ("Hooks__Judge", "judge")]);
        await RunAsync(1, "warm up");

        var rows = new List<IReadOnlyList<string>>();
        var worst = 0.0;
        var figures = new Dictionary<string, double>();
        foreach (var count in counts)
        {
            await simulator.ForgetAsync();
            var took = await RunAsync(count, $"a topic for {count}");
            var (floor, sequential) = await FloorAsync(count);
            worst = Math.Max(worst, took / floor);
            rows.Add([$"{count}", Number(took), Number(floor), Number(took / floor), Number(sequential)]);
            (figures[$"seconds{count}"], figures[$"floor{count}"], figures[$"sequential{count}"]) = (took, floor, sequential);
        }

        var late = await FirstHookAsync();
        await RunManyAsync("first");
        var before = service.WorkingSet;
        var many = await RunManyAsync("second");
        var grown = (service.WorkingSet - before) / (1024.0 * 1024.0);
        (figures["runsAtOnce"], figures["runsSeconds"], figures["grownMegabytes"], figures["firstHookMilliseconds"]) = (runs, many, grown, late);
        return new ScenarioResult
        {
            Columns = ["models at once", "seconds", "longest generation + its last evaluation", "ratio", "one after the other, seconds"],
            Rows = rows,
            Promises =
            [
                new Promise($"hooks: {string.Join(", ", counts)} models at once, the worst ratio", $"≤ {MostOverFloor}", Number(worst), worst <= MostOverFloor),
                new Promise("hooks: the first hook told over SSE after its text was complete", $"≤ {MostMilliseconds:0} ms", $"{late:0} ms", late <= MostMilliseconds),
                new Promise($"hooks: {runs} runs at once, all of them completed; memory of {runs} more", $"≤ {MostMegabytes:0} MB", $"{grown:0} MB", grown <= MostMegabytes),
            ],
            Figures = figures,
            Notes =
            [
                $"Five hooks a model, {pace} tokens a second, the first after 300 ms; a judge with 80 tokens a second. From the POST until the job's row says completed.",
                "The floor and the sequential time are what the simulator's own journal says of its calls: the longest generation and the evaluation that ended last; and the sum of all calls, which is what asking for one thing at a time takes.",
                $"{runs} runs at once of 2 models and 3 hooks each took {Number(many)} s; memory is the working set after them, against that after as many runs before them.",
            ],
        };

        async Task<double> RunAsync(int models, string topic)
        {
            var started = Stopwatch.GetTimestamp();
            await service.WhenDoneAsync(await BeginAsync(models, 5, topic));
            return Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        async Task<Guid> BeginAsync(int models, int hooks, string topic)
        {
            using var response = await service.Http.PostAsJsonAsync("api/hooks/generate", new { topic, models = Enumerable.Range(1, models).Select(model => $"m{model}"), hooksPerModel = hooks, cacheSeconds = 0 });
            var body = await response.Content.ReadAsStringAsync();
            return response.IsSuccessStatusCode ? JsonDocument.Parse(body).RootElement.GetProperty("id").GetGuid() : throw new InvalidOperationException($"The run was refused: {body}");
        }

        async Task<(double Floor, double Sequential)> FloorAsync(int models)
        {
            var calls = (await simulator.CallsAsync("openai")).EnumerateArray().Select(call => (Operation: call.GetProperty("operation").GetString(), Took: call.GetProperty("ms").GetDouble() / 1000)).ToList();
            var (generations, evaluations) = (calls.Where(call => call.Operation == "generate").ToList(), calls.Where(call => call.Operation == "judge").ToList());
            return generations.Count == models && evaluations.Count == models * 5
                ? (generations.Max(call => call.Took) + evaluations[^1].Took, calls.Sum(call => call.Took))
                : throw new InvalidOperationException($"{models} models with five hooks each made {generations.Count} generations and {evaluations.Count} evaluations: their time says nothing.");
        }

        async Task<double> RunManyAsync(string topic)
        {
            var started = Stopwatch.GetTimestamp();
            var ids = await Task.WhenAll(Enumerable.Range(0, runs).Select(run => BeginAsync(2, 3, $"{topic} {run}")));
            foreach (var id in ids)
            {
                await service.WhenDoneAsync(id);
                var summary = (await service.Http.GetFromJsonAsync<JsonElement>($"api/hooks/runs/{id}")).GetProperty("summary").GetString();
                if (summary != "2 of 2 models, 6 of 6 hooks judged")
                {
                    throw new InvalidOperationException($"A run of many at once came to: {summary}.");
                }
            }

            return Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        async Task<double> FirstHookAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "api/hooks/generate") { Content = JsonContent.Create(new { topic = "how soon", models = First, hooksPerModel = 2, cacheSeconds = 0 }) };
            request.Headers.Accept.ParseAdd("text/event-stream");
            using var response = await service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
            while (await lines.ReadLineAsync() is { } line)
            {
                if (line.Contains("hook written", StringComparison.Ordinal))
                {
                    var at = TimeProvider.System.GetUtcNow();
                    var written = await database.QueryAsync<DateTime>("SELECT min(h.written_at) FROM hooks h JOIN jobs j ON j.id = h.job_id WHERE j.spec->>'topic' = $1", "how soon");
                    return (at - new DateTimeOffset(written)).TotalMilliseconds;
                }
            }

            throw new InvalidOperationException("The stream ended without a hook.");
        }
    }

    private static string Scenario(int pace) => "{\"upstreams\": {\"openai\": {\"chat\": {\"firstTokenMs\": 300, \"tokensPerSecond\": " + pace + ", \"models\": {\"judge\": {\"firstTokenMs\": 300, \"tokensPerSecond\": 80}}}}}}";

    private static IEnumerable<(string Name, string Value)> Model(int place, string id) =>
    [
        ($"Hooks__Models__{place}__Id", id), ($"Hooks__Models__{place}__Provider", "openai"), ($"Hooks__Models__{place}__Keys__0", $"KEY_{id}"), ($"Hooks__Models__{place}__Concurrency", "500"),
    ];

    private static string Number(double number) => number.ToString("0.000", CultureInfo.InvariantCulture);
}
