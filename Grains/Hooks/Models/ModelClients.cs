using System.Collections.Concurrent;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks.Models;

/// <summary>This silo's clients, one per model, made when first asked for. Models that use the same key share its account.</summary>
public sealed class ModelClients(HookModels models, UpstreamGates gates, TimeProvider time)
{
    private static readonly OpenAiProvider OpenAi = new();
    private static readonly AnthropicProvider Anthropic = new();

    private readonly ConcurrentDictionary<(Uri, string), ProviderAccount> _accounts = new();
    private readonly ConcurrentDictionary<string, ModelClient> _clients = new(StringComparer.Ordinal);

    /// <exception cref="KeyNotFoundException">There is no such model; names those there are.</exception>
    internal ModelClient Get(string id) => _clients.GetOrAdd(id, Make);

    /// <summary>Whether a model can be asked now, in words.</summary>
    public IReadOnlyList<ModelHealth> Look() => [.. models.All.Select(model => Look(Get(model.Id)))];

    /// <summary>What lanes need to know of a model: calls at once over its keys, what bounds it.</summary>
    internal (int Calls, string? BoundBy, double? PerSecond) Room(string id)
    {
        var client = Get(id);
        var views = client.Ring.Keys.Select((_, key) => gates.Look(client.Model.UpstreamOf(key))).ToList();
        var closed = views.Where(view => view.Breaker == "closed").ToList();
        return (
            Math.Max(1, closed.Sum(view => view.Ceiling)),
            closed.Exists(view => view.BoundBy is null) ? null : views[0].BoundBy,
            views.TrueForAll(view => view.LimitPerSecond is not null) ? views.Sum(view => view.LimitPerSecond) : null);
    }

    private ModelHealth Look(ModelClient client)
    {
        var model = client.Model;
        var views = client.Ring.Keys.Select((_, key) => gates.Look(model.UpstreamOf(key))).ToList();
        var held = client.Ring.Keys.Select((_, key) => gates.LookCloser(model.UpstreamOf(key))?.Details.HeldBack).ToList();
        var now = time.GetUtcNow();
        var keys = client.Ring.Keys.Select(key => new KeyHealth(key.Account.KeyName, key.Secret is null ? "not set" : key.Account.WhySetAside(now) is null ? "in use" : "set aside", key.Secret is null ? null : key.Account.WhySetAside(now))).ToList();
        var (state, words) = client.Ring.WhyNone() is { } none ? ("down", none)
            : views.TrueForAll(view => view.Breaker != "closed") ? ("down", views[0].BoundBy ?? "the last calls failed; single calls find out whether it is back")
            : held.TrueForAll(reason => reason is not null) ? ("held", held[0]!)
            : keys.Exists(key => key.State != "in use") || views.Exists(view => view.Breaker != "closed") ? ("degraded", "some of its keys cannot be used")
            : ("up", "ready");
        var latency = views.Where(view => view.Latency is not null).Select(view => view.Latency!.Value.TotalMilliseconds).DefaultIfEmpty(double.NaN).Average();
        return new ModelHealth(model, state, words, views.Sum(view => view.InFlight), views.Sum(view => view.Waiting), double.IsNaN(latency) ? null : Math.Round(latency), keys);
    }

    private ModelClient Make(string id)
    {
        var model = models.Find(id) ?? throw new KeyNotFoundException($"There is no model '{id}'. Known are: {string.Join(", ", models.All.Select(known => known.Id))}.");
        var keys = model.Keys.Select((name, key) => new ModelKey(
            _accounts.GetOrAdd((model.BaseUrl, name), _ => new ProviderAccount(name)), models.Secret(model, name), gates.Client(model.UpstreamOf(key)), model.TokensPerMinute));
        return new ModelClient(model, model.Provider == HookModelOptions.Anthropic ? Anthropic : OpenAi, new KeyRing([.. keys], time), models.Options.SetAside, time);
    }
}

/// <param name="State">up, degraded, held (at a limit) or down.</param>
/// <param name="Words">Why.</param>
/// <param name="LatencyMs">What a call takes on average; null before the first.</param>
public sealed record ModelHealth(HookModelOptions Model, string State, string Words, int InFlight, int Waiting, double? LatencyMs, IReadOnlyList<KeyHealth> Keys);

/// <param name="Name">The name of its environment variable.</param>
/// <param name="State">in use, set aside or not set.</param>
public sealed record KeyHealth(string Name, string State, string? Reason);
