using System.Text.Json;
using OrleansBulk.Jobs;

namespace OrleansBulk.Hooks;

/// <summary>An item of a run: one model's generation, or one judge's evaluation of one hook.</summary>
/// <param name="Model">Who writes, or wrote.</param>
/// <param name="No">Which hook is judged; null in a generation.</param>
/// <param name="Judge">Who judges it; null in a generation.</param>
internal sealed record HookItem(string Model, int? No, string? Judge)
{
    public bool IsGeneration => No is null;

    /// <summary>The model whose limits it needs: the lane.</summary>
    public string Asks => Judge ?? Model;

    public static PlannedItem Generation(string model, string cursor) => new($"{model} writes", JsonSerializer.Serialize(new HookItem(model, null, null), JsonSerializerOptions.Web), cursor);

    public static PlannedItem Evaluation(string model, int no, string judge) =>
        new($"{judge} judges {model} {no}", JsonSerializer.Serialize(new HookItem(model, no, judge), JsonSerializerOptions.Web), null);

    public static HookItem Read(Item item) => JsonSerializer.Deserialize<HookItem>(item.Data!, JsonSerializerOptions.Web)!;
}
