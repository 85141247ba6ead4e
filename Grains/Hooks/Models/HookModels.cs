using Microsoft.Extensions.Configuration;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks.Models;

/// <summary>
/// The models that are configured, with their keys read from the environment. Keys are never logged, shown or stored. A model that the
/// simulator stands for needs no secret and is sent none, whatever the environment holds: the simulator takes any key, and tells in its journal who called.
/// </summary>
public sealed class HookModels
{
    private readonly Dictionary<string, HookModelOptions> _byId;
    private readonly Func<HookModelOptions, string, string?> _secrets;

    /// <param name="secrets">The key that a model uses from the environment variable of this name; null when there is none.</param>
    public HookModels(IEnumerable<HookModelOptions> models, HookOptions options, Func<HookModelOptions, string, string?> secrets)
    {
        All = [.. models];
        Options = options;
        _secrets = secrets;
        foreach (var model in All)
        {
            model.Validate();
        }

        if (All.GroupBy(model => model.Id).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new InvalidOperationException($"Hooks:Models has '{twice.Key}' twice; each id must be there once.");
        }

        _byId = All.ToDictionary(model => model.Id, StringComparer.Ordinal);
        options.Validate(this);
    }

    /// <summary>In the order of the configuration.</summary>
    public IReadOnlyList<HookModelOptions> All { get; }

    public HookOptions Options { get; }

    /// <summary>Who judges where a request names nobody.</summary>
    public string Judge => Options.Judge ?? All[0].Id;

    public HookModelOptions? Find(string id) => _byId.GetValueOrDefault(id);

    internal string? Secret(HookModelOptions model, string keyName) => _secrets(model, keyName);

    /// <summary>One for each key of each model: limits are a key's own.</summary>
    public IEnumerable<UpstreamOptions> Upstreams => All.SelectMany(model => Enumerable.Range(0, model.Keys.Count).Select(model.Upstream));

    public static HookModels FromConfiguration(IConfiguration configuration)
    {
        var section = configuration.GetSection("Hooks");
        var live = string.Equals(configuration["Upstreams:Mode"], "Live", StringComparison.OrdinalIgnoreCase);
        var simulator = (configuration["Upstreams:SimulatorUrl"] ?? "http://127.0.0.1:5081").TrimEnd('/');
        var configured = section.GetSection("Models").GetChildren().Any()
            ? section.GetSection("Models").GetChildren().Select(model => Read(model, live, simulator))
            : Known.Select(known => known with { BaseUrl = new Uri(Base(known.Provider, live, simulator)) });
        return new HookModels(configured, section.Get<HookOptions>() ?? new HookOptions(), Secret);

        string? Secret(HookModelOptions model, string name)
        {
            var secret = configuration[name] is { Length: > 0 } text ? text : null;
            return !live && SimulatedSecret.IsAt(simulator, model.BaseUrl) ? SimulatedSecret.For(name, secret) : secret;
        }
    }

    private static string Base(string? provider, bool live, string simulator) => (provider, live) switch
    {
        (HookModelOptions.Anthropic, true) => "https://api.anthropic.com",
        (HookModelOptions.Anthropic, false) => simulator + "/anthropic",
        (_, true) => "https://api.openai.com",
        (_, false) => simulator + "/openai",
    };

    private static HookModelOptions Read(IConfigurationSection section, bool live, string simulator)
    {
        var provider = section["Provider"] ?? HookModelOptions.OpenAi;
        try
        {
            var url = new Uri((section["BaseUrl"] is { Length: > 0 } own ? own : Base(provider, live, simulator)).TrimEnd('/'));
            var defaults = new HookModelOptions { Id = section["Id"] ?? "", Provider = provider, BaseUrl = url, Model = section["Model"] ?? section["Id"] ?? "", Keys = section.GetSection("Keys").Get<string[]>() ?? [] };
            return defaults with
            {
                Concurrency = section.GetValue(nameof(Concurrency), defaults.Concurrency),
                RequestsPerMinute = section.GetValue<int?>(nameof(defaults.RequestsPerMinute)),
                TokensPerMinute = section.GetValue<int?>(nameof(defaults.TokensPerMinute)),
                InputPrice = section.GetValue(nameof(defaults.InputPrice), 0m),
                OutputPrice = section.GetValue(nameof(defaults.OutputPrice), 0m),
                Timeout = section.GetValue(nameof(defaults.Timeout), defaults.Timeout),
                Attempts = section.GetValue(nameof(defaults.Attempts), defaults.Attempts),
                RetryDelay = section.GetValue(nameof(defaults.RetryDelay), defaults.RetryDelay),
                SendTemperature = section.GetValue(nameof(defaults.SendTemperature), true),
                ReasoningTokens = section.GetValue(nameof(defaults.ReasoningTokens), 0),
                OldMaxTokens = section.GetValue(nameof(defaults.OldMaxTokens), false),
                StructuredOutput = section.GetValue<bool?>(nameof(defaults.StructuredOutput)),
            };
        }
        catch (Exception error) when (error is FormatException or UriFormatException or InvalidOperationException)
        {
            throw new InvalidOperationException($"{section.Path} cannot be read: {error.Message}", error);
        }
    }

    private const string Concurrency = nameof(HookModelOptions.Concurrency);
    private static readonly Uri Nowhere = new("http://localhost");

    /// <summary>What comes with the service: prices a million tokens as the providers publish them.</summary>
    private static readonly HookModelOptions[] Known =
    [
        new() { Id = "gpt-4o-mini", Provider = HookModelOptions.OpenAi, BaseUrl = Nowhere, Model = "gpt-4o-mini", Keys = ["OPENAI_API_KEY"], InputPrice = 0.15m, OutputPrice = 0.60m },
        new() { Id = "gpt-4o", Provider = HookModelOptions.OpenAi, BaseUrl = Nowhere, Model = "gpt-4o", Keys = ["OPENAI_API_KEY"], InputPrice = 2.50m, OutputPrice = 10m },
        new() { Id = "gpt-4.1-mini", Provider = HookModelOptions.OpenAi, BaseUrl = Nowhere, Model = "gpt-4.1-mini", Keys = ["OPENAI_API_KEY"], InputPrice = 0.40m, OutputPrice = 1.60m },
        new() { Id = "gpt-4.1", Provider = HookModelOptions.OpenAi, BaseUrl = Nowhere, Model = "gpt-4.1", Keys = ["OPENAI_API_KEY"], InputPrice = 2m, OutputPrice = 8m },
        new() { Id = "claude-haiku", Provider = HookModelOptions.Anthropic, BaseUrl = Nowhere, Model = "claude-3-5-haiku-latest", Keys = ["ANTHROPIC_API_KEY"], InputPrice = 0.80m, OutputPrice = 4m },
        new() { Id = "claude-sonnet", Provider = HookModelOptions.Anthropic, BaseUrl = Nowhere, Model = "claude-sonnet-4-0", Keys = ["ANTHROPIC_API_KEY"], InputPrice = 3m, OutputPrice = 15m },
    ];
}
