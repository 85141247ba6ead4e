using OrleansBulk.Hooks.Models;

namespace OrleansBulk.Hooks;

/// <summary>How hooks are written and judged. Section <c>Hooks</c> of the configuration; its <c>Models</c> are <see cref="HookModelOptions"/>.</summary>
public sealed record HookOptions
{
    /// <summary>The model that judges where a request names none. Default: the first one.</summary>
    public string? Judge { get; init; }

    /// <summary>How long the answer to the same request is used again, where a request says nothing. Default 5 min, range 0 to 1 day.</summary>
    public TimeSpan CacheFor { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a generation or evaluation may wait for its turn at the provider's limits; then it has failed. Default 10 min.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a key that was refused or has no money left is not used; then one call finds out. Default 10 min.</summary>
    public TimeSpan SetAside { get; init; } = TimeSpan.FromMinutes(10);

    /// <exception cref="InvalidOperationException">A value is out of range.</exception>
    internal void Validate(HookModels models)
    {
        Check(Judge is null || models.Find(Judge) is not null, nameof(Judge), Judge, $"one of {string.Join(", ", models.All.Select(model => model.Id))}");
        Check(CacheFor >= TimeSpan.Zero && CacheFor <= TimeSpan.FromDays(1), nameof(CacheFor), CacheFor, "00:00:00 to 1.00:00:00");
        Check(Patience > TimeSpan.Zero, nameof(Patience), Patience, "more than 0");
        Check(SetAside > TimeSpan.Zero, nameof(SetAside), SetAside, "more than 0");
    }

    private static void Check(bool good, string setting, object? value, string range)
    {
        if (!good)
        {
            throw new InvalidOperationException($"Hooks:{setting} is {value}; it must be {range}.");
        }
    }
}
