namespace OrleansBulk.Web.Pages.Charts;

/// <summary>Where things of a chart are: time from left to right, amounts from the bottom up, in units of <see cref="Width"/> × <see cref="Height"/>.</summary>
/// <param name="Bottom">Nothing, unless what matters is how an amount changes and not how large it is.</param>
public sealed record ChartScale(DateTimeOffset From, DateTimeOffset To, double Top, double Bottom = 0)
{
    public const int Width = 600;
    public const int Height = 100;

    /// <summary>A scale whose top is a round number above the largest amount.</summary>
    public static ChartScale Of(DateTimeOffset from, DateTimeOffset to, double largest) => new(from, to > from ? to : from.AddSeconds(1), RoundUp(largest));

    /// <summary>A scale that shows changes: from a round number below the smallest amount to one above the largest.</summary>
    public static ChartScale Around(DateTimeOffset from, DateTimeOffset to, double smallest, double largest)
    {
        var step = RoundUp((largest - smallest) / 2);
        return Of(from, to, largest) with { Bottom = step * Math.Floor(smallest / step), Top = step * Math.Max(Math.Ceiling(largest / step), Math.Floor(smallest / step) + 1) };
    }

    public double Middle => (Top + Bottom) / 2;

    public double X(DateTimeOffset at) => Math.Round(Width * Math.Clamp((at - From) / (To - From), 0, 1), 1);

    public double Y(double amount) => Math.Round(Height - (Height * Math.Clamp((amount - Bottom) / (Top - Bottom), 0, 1)), 1);

    /// <summary>The next of 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, …</summary>
    internal static double RoundUp(double amount)
    {
        if (amount <= 1)
        {
            return 1;
        }

        var power = Math.Pow(10, Math.Floor(Math.Log10(amount)));
        return power * (amount / power) switch { <= 1 => 1, <= 2 => 2, <= 3 => 3, <= 4 => 4, <= 5 => 5, <= 6 => 6, <= 8 => 8, _ => 10 };
    }
}
