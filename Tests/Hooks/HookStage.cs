using System.Net;
using System.Text.Json;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Hooks;

/// <summary>The whole service with models of the test's choice, on the simulator.</summary>
internal sealed class HookStage : IAsyncDisposable
{
    private static readonly (string, string)[] Quick = [("Hooks:CacheFor", "00:00:00")];

    private HookStage(WebHost host)
    {
        Host = host;
        Program = host.Program();
    }

    public WebHost Host { get; }

    public WebHostClient Program { get; }

    /// <param name="settings">They win over those here.</param>
    public static async Task<HookStage> StartAsync(IEnumerable<HookStageModel> models, params (string Name, string Value)[] settings) =>
        new(await WebHost.StartAsync(null, [.. Quick, .. models.SelectMany((model, place) => model.Settings(place)), .. settings]));

    /// <summary>Six models of two providers, each with a key: a, b, c at OpenAI, d, e, f at Anthropic; and a judge with its own.</summary>
    public static Task<HookStage> StartAsync(params (string Name, string Value)[] settings) => StartAsync(
        [.. "abc".Select(id => new HookStageModel($"{id}", "openai") { Keys = [$"KEY_{id}"] }), .. "def".Select(id => new HookStageModel($"{id}", "anthropic") { Keys = [$"KEY_{id}"] }), new HookStageModel("judge", "openai") { Keys = ["JUDGE_KEY"] }],
        [("Hooks:Judge", "judge"), .. settings]);

    /// <summary>Starts a run and answers its id.</summary>
    public async Task<Guid> BeginAsync(object request)
    {
        var answer = await Program.PostAsync("/api/hooks/generate", request);
        Assert.True(answer.Status == HttpStatusCode.Accepted, $"The run was not taken: {answer}");
        return answer.Json.GetProperty("id").GetGuid();
    }

    /// <summary>Starts a run, waits for its end and answers it.</summary>
    public async Task<JsonElement> RunAsync(object request) => await EndAsync(await BeginAsync(request));

    public async Task<JsonElement> EndAsync(Guid id)
    {
        JsonElement run = default;
        await WebHost.UntilAsync(() => $"run {id} ends; it was {run}", async () => (run = await LookAsync(id)).GetProperty("status").GetString() is "completed" or "failed" or "cancelled");
        return run;
    }

    public async Task<JsonElement> LookAsync(Guid id) => (await Program.GetAsync($"/api/hooks/runs/{id}")).Json;

    /// <summary>What one model brought.</summary>
    public static JsonElement Model(JsonElement run, string model) => run.GetProperty("models").EnumerateArray().Single(found => found.GetProperty("model").GetString() == model);

    public static IReadOnlyList<JsonElement> Hooks(JsonElement run, string? model = null) =>
        [.. run.GetProperty("hooks").EnumerateArray().Where(hook => model is null || hook.GetProperty("model").GetString() == model)];

    /// <summary>Puts faults over one of the chat upstreams.</summary>
    public void Fault(string upstream, string faults) => Host.Simulator.Change("{\"upstreams\": {\"" + upstream + "\": {\"faults\": [" + faults + "]}}}");

    public async ValueTask DisposeAsync()
    {
        Program.Dispose();
        await ((IAsyncDisposable)Host).DisposeAsync();
    }
}

/// <summary>A model as the test configures it. Tries come soon after each other.</summary>
internal sealed record HookStageModel(string Id, string Provider)
{
    public string[] Keys { get; init; } = [$"{Provider.ToUpperInvariant()}_KEY"];

    public (string Name, string Value)[] More { get; init; } = [];

    public IEnumerable<(string Name, string Value)> Settings(int place)
    {
        var settings = new List<(string, string)>
        {
            ("Id", Id), ("Provider", Provider), ("Model", $"model-{Id}"), ("InputPrice", "1"), ("OutputPrice", "2"), ("RetryDelay", "00:00:00.020"),
        };
        settings.AddRange(Keys.Select((key, number) => ($"Keys:{number}", key)));
        settings.AddRange(More);
        return settings.Select(setting => ($"Hooks:Models:{place}:{setting.Item1}", setting.Item2));
    }
}
