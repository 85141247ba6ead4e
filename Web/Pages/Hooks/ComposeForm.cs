using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OrleansBulk.Hooks;
using OrleansBulk.Jobs;

namespace OrleansBulk.Web.Pages.Hooks;

/// <summary>What the form to write hooks asks for.</summary>
public sealed class ComposeForm
{
    public string? Topic { get; set; }

    public string? Audience { get; set; }

    public string? Tone { get; set; }

    /// <summary>One a line.</summary>
    public string? Examples { get; set; }

    public List<string> Models { get; set; } = [];

    public int HooksPerModel { get; set; } = 5;

    public List<string> Judges { get; set; } = [];

    /// <summary>Judges learn who wrote a hook.</summary>
    public bool Open { get; set; }

    /// <summary>Always ask anew.</summary>
    public bool Anew { get; set; }

    public long? BudgetTokens { get; set; }

    /// <summary>A decimal number with a point.</summary>
    public string? BudgetMoney { get; set; }

    /// <summary>Makes a form that is sent twice start one run.</summary>
    public string? Key { get; set; }

    /// <summary>The <see cref="Mark"/> of what was previewed; null: nothing yet.</summary>
    public string? Shown { get; set; }

    /// <summary>Another one for every other run: what is started is what was previewed.</summary>
    public string Mark() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ToRequest().Spec.GetRawText())));

    public JobRequest ToRequest() => new(HookGeneration.WorkloadName, JsonSerializer.SerializeToElement(
        new
        {
            topic = Topic, audience = Audience, tone = Tone, examples = (Examples ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
            models = Models, hooksPerModel = HooksPerModel, judges = Judges, blind = !Open, cacheSeconds = Anew ? (int?)0 : null,
            budget = new { tokens = BudgetTokens, money = Money },
        }), null, null, Key);

    /// <summary>False: what stands there is no amount.</summary>
    public bool HasReadableMoney => string.IsNullOrWhiteSpace(BudgetMoney) || Money is not null;

    private decimal? Money => decimal.TryParse(BudgetMoney, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var money) ? money : null;
}
