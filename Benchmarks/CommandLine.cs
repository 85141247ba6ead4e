using OrleansBulk.Benchmarks.Scenarios;
using OrleansBulk.Benchmarks.Support;

namespace OrleansBulk.Benchmarks;

/// <summary><c>list</c>, and <c>run NAME…|all [--short] [--out DIR]</c>.</summary>
internal static class CommandLine
{
    private static readonly IScenario[] Scenarios =
    [
        new CallsScenario(), new InstantScenario(), new MemoryScenario(), new CodeforcesScenario(), new WatchersScenario(), new IngestScenario(), new DistributionScenario(),
        new ProvidersScenario(), new ProviderFileScenario(), new ProviderListsScenario(), new HooksScenario(), new TabsScenario(), new PagesScenario(),
    ];

    public static async Task<int> RunAsync(string[] args)
    {
        switch (args)
        {
            case ["list"]:
                foreach (var scenario in Scenarios)
                {
                    Console.WriteLine($"{scenario.Name,-14}{scenario.Summary}");
                }

                return 0;
            case ["run", .. var rest]:
                return await RunScenariosAsync(rest);
            case [MemoryScenario.ChildCommand, var items, var connectionString]:
                await MemoryScenario.MeasureHereAsync(int.Parse(items), connectionString);
                return 0;
            default:
                return Say("Usage: Benchmarks list | Benchmarks run NAME…|all [--short] [--out DIR]");
        }
    }

    private static async Task<int> RunScenariosAsync(string[] args)
    {
        var names = new List<string>();
        var folder = Path.Combine(Checkout.Root, "Benchmarks", "results");
        var isShort = false;
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--short":
                    isShort = true;
                    break;
                case "--out" when i + 1 < args.Length:
                    folder = args[++i];
                    break;
                case "all":
                    names.AddRange(Scenarios.Select(scenario => scenario.Name));
                    break;
                case var name when Array.Exists(Scenarios, scenario => scenario.Name == name):
                    names.Add(name);
                    break;
                case var unknown:
                    return Say($"There is no scenario or option '{unknown}'. Scenarios: {string.Join(", ", Scenarios.Select(scenario => scenario.Name))}, all. Options: --short, --out DIR.");
            }
        }

        if (names.Count == 0)
        {
            return Say("Name a scenario, or all; 'list' tells which there are.");
        }

        if (Bench.FromEnvironment(isShort) is not { } bench)
        {
            return Say($"{Bench.ServerVariable} is not set: it names the PostgreSQL on which databases are made, as user who may. scripts/bench.sh brings one.");
        }

        var report = new Report(folder, isShort, $"Benchmarks run {string.Join(' ', args.Where(arg => arg != "--out" && arg != folder))}");
        var results = new List<ScenarioResult>();
        var broken = 0;
        foreach (var scenario in Scenarios.Where(scenario => names.Contains(scenario.Name)))
        {
            Console.WriteLine($"\n{scenario.Name}: {scenario.Summary}");
            var load = Machine.LoadAverage();
            try
            {
                var result = await scenario.RunAsync(bench);
                results.Add(result);
                await report.WriteAsync(scenario, result, load);
            }
            catch (Exception error) when (error is InvalidOperationException or TimeoutException or HttpRequestException or Npgsql.NpgsqlException)
            {
                // What could not be measured has no figures; the others have.
                broken++;
                await Console.Error.WriteLineAsync($"{scenario.Name} could not be measured: {error}");
            }
        }

        Console.WriteLine();
        Console.WriteLine(Report.Promises(results));
        return broken == 0 ? 0 : 1;
    }

    private static int Say(string problem)
    {
        Console.Error.WriteLine(problem);
        return 2;
    }
}
