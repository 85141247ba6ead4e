using System.Globalization;
using OrleansBulk.Hooks;
using OrleansBulk.Hooks.Models;

namespace OrleansBulk.Web.Pages.Hooks;

/// <summary>How pages write what is particular to hooks.</summary>
public static class HookWords
{
    private const int ShortTopic = 90;

    public static string Brief(string text) => text.Length <= ShortTopic ? text : text.Cut(ShortTopic - 1) + "…";

    public static string Score(double? score) => score?.ToString("0.#", CultureInfo.InvariantCulture) ?? PageWords.Nothing;

    public static string Money(decimal cost) => cost == 0 ? PageWords.Nothing : cost.ToString(cost < 0.01m ? "0.00000" : "0.000", CultureInfo.InvariantCulture);

    /// <summary>What is spent of a budget.</summary>
    public static string Budget(HookBudget budget, PurseShare spent) => "budget: " + string.Join(
        " and ",
        new[]
        {
            budget.Tokens is { } tokens ? $"{PageWords.Number(spent.Tokens)} of {PageWords.Number(tokens)} tokens" : null,
            budget.Money is { } money ? string.Create(CultureInfo.InvariantCulture, $"{spent.Money:0.#####} of {money:0.#####}") : null,
        }.OfType<string>()) + " spent";

    public static string Price(decimal price) => price == 0 ? "no price" : price.ToString("0.00##", CultureInfo.InvariantCulture);

    public static string Seconds(int? milliseconds) => milliseconds is { } ms ? (ms / 1000.0).ToString("0.0 's'", CultureInfo.InvariantCulture) : PageWords.Nothing;

    /// <summary>The colour of a state: of a model in a run, or of a model's health.</summary>
    public static string Tone(string state) => state switch
    {
        "finished" or "up" => "good",
        "failed" or "down" => "bad",
        "held" or "degraded" => "warn",
        "writing" => "busy",
        _ => "",
    };

    public static string Count(ModelResult model, int wanted) => $"{model.Hooks} of {wanted} hooks";
}
