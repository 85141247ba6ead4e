using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansBulk.Hooks.Models;
using OrleansBulk.Jobs;

namespace OrleansBulk.Hooks;

/// <summary>What a run is asked to do, as it is stored.</summary>
/// <param name="Judges">Who judges each hook; several give a mean and a spread.</param>
/// <param name="Blind">Whether judges are kept from knowing who wrote a hook, and as which one. Each hook is judged by itself, so there is no order to see.</param>
/// <param name="CacheSeconds">How old the answer to the same request may be.</param>
public sealed record HookSpec(
    string Topic, string? Audience, string? Tone, IReadOnlyList<string> Examples, IReadOnlyList<string> Models, int HooksPerModel,
    IReadOnlyList<string> Judges, bool Blind, int CacheSeconds, HookBudget Budget)
{
    public const int LongestTopic = 2000;
    public const int LongestText = 500;
    public const int MostExamples = 10;
    public const int MostHooks = 20;
    public const int MostJudges = 5;
    private const int MostCacheSeconds = 86_400;

    [JsonIgnore]
    public int HooksWanted => Models.Count * HooksPerModel;

    [JsonIgnore]
    public TimeSpan CacheFor => TimeSpan.FromSeconds(CacheSeconds);

    public static HookSpec Parse(string stored) => JsonSerializer.Deserialize<HookSpec>(stored, JsonSerializerOptions.Web)!;

    /// <summary>Reads a spec as somebody sent it, or says what is wrong with it and what to do.</summary>
    public static SpecCheck Check(JsonElement sent, HookModels models)
    {
        Sent? read;
        try
        {
            read = sent.ValueKind == JsonValueKind.Object ? sent.Deserialize<Sent>(Strict) : null;
        }
        catch (JsonException error)
        {
            return new SpecRejected($"The request cannot be read at {error.Path ?? "its beginning"}. Wanted is {Shape}.");
        }

        if (read is null)
        {
            return new SpecRejected($"Wanted is an object: {Shape}.");
        }

        var judges = read.Judges is { Count: > 0 } several ? several : [read.Judge ?? models.Judge];
        var spec = new HookSpec(
            read.Topic?.Trim() ?? "", Given(read.Audience), Given(read.Tone), [.. (read.Examples ?? []).Select(example => example?.Trim() ?? "").Where(example => example.Length > 0)],
            read.Models ?? [], read.HooksPerModel ?? 5, judges, read.Blind ?? true, read.CacheSeconds ?? (int)models.Options.CacheFor.TotalSeconds, read.Budget ?? new HookBudget(null, null));
        var problem = read is { Judge: not null, Judges.Count: > 0 } ? "Send either judge (one) or judges (a list)." : spec.Problem(models);
        return problem is null ? new SpecAccepted(JsonSerializer.Serialize(spec, JsonSerializerOptions.Web)) : new SpecRejected(problem);
    }

    private string? Problem(HookModels models)
    {
        var known = string.Join(", ", models.All.Select(model => model.Id));
        return Topic.Length is 0 or > LongestTopic ? $"topic has {Topic.Length} characters; it must have 1 to {LongestTopic:N0}."
            : Audience?.Length > LongestText || Tone?.Length > LongestText ? $"audience and tone have at most {LongestText} characters each."
            : Examples.Count > MostExamples || Examples.Any(example => example.Length > LongestText) ? $"examples are at most {MostExamples} texts of at most {LongestText} characters."
            : new[] { Topic, Audience, Tone }.Concat(Examples).Any(text => text?.Contains('\0') == true) ? "A text has a NUL character in it; leave it out."
            : Models.Concat(Judges).Any(model => model is null) ? "models and judges are lists of ids; an entry is null."
            : Models.Count == 0 ? $"models is empty; name one or more of {known}."
            : Models.FirstOrDefault(model => models.Find(model) is null) is { } unknown ? $"There is no model '{unknown}'. Known are: {known}."
            : Models.Distinct(StringComparer.Ordinal).Count() < Models.Count ? "models names one twice; name each once."
            : HooksPerModel is < 1 or > MostHooks ? $"hooksPerModel is {HooksPerModel}; it must be 1 to {MostHooks}."
            : Judges.FirstOrDefault(judge => models.Find(judge) is null) is { } nobody ? $"There is no model '{nobody}' to judge. Known are: {known}."
            : Judges.Count > MostJudges || Judges.Distinct(StringComparer.Ordinal).Count() < Judges.Count ? $"judges are at most {MostJudges}, each once."
            : CacheSeconds is < 0 or > MostCacheSeconds ? $"cacheSeconds is {CacheSeconds}; it must be 0 (never from the cache) to {MostCacheSeconds:N0}."
            : Budget.Tokens is <= 0 || Budget.Money is <= 0 ? "budget.tokens and budget.money must be more than 0, or left out."
            : Budget.Money is not null && Models.Concat(Judges).Select(models.Find).FirstOrDefault(model => model is { InputPrice: 0, OutputPrice: 0 }) is { } free
                ? $"{free.Id} has no price in the configuration, so a budget of money cannot be kept; use budget.tokens."
            : null;
    }

    private const string Shape = "{\"topic\": a text, \"audience\"?, \"tone\"?, \"examples\"?: [texts], \"models\": [ids], \"hooksPerModel\"?: 5, \"judge\"?: id or \"judges\"?: [ids], \"blind\"?: true, \"cacheSeconds\"?: a number, \"budget\"?: {\"tokens\"?, \"money\"?}}";

    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    private static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private sealed record Sent(
        string? Topic, string? Audience, string? Tone, IReadOnlyList<string>? Examples, IReadOnlyList<string>? Models, int? HooksPerModel,
        string? Judge, IReadOnlyList<string>? Judges, bool? Blind, int? CacheSeconds, HookBudget? Budget);
}
