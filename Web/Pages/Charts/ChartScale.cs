namespace OrleansBulk.Web.Pages.Charts;

/// <summary>Where things of a chart are: time from left to right, amounts from the bottom up, in units of <see cref="Width"/> × <see cref="Height"/>.</summary>
public sealed record ChartScale(DateTimeOffset From, DateTimeOffset To, double Top)
{
    public const int Width = 600;
    public const int Height = 100;

    /// <summary>A scale whose top is a round number above the largest amount.</summary>
    public static ChartScale Of(DateTimeOffset from, DateTimeOffset to, double largest) => new(from, to > from ? to : from.AddSeconds(1), RoundUp(largest));

    public double X(DateTimeOffset at) => Math.Round(Width * Math.Clamp((at - From) / (To - From), 0, 1), 1);

    public double Y(double amount) => Math.Round(Height - (Height * Math.Clamp(amount / Top, 0, 1)), 1);

    /// <summary>The next of 1, 2, 5, 10, 20, 50, …</summary>
    internal static double RoundUp(double amount)
    {
        if (amount <= 1)
        {
            return 1;
        }

        var power = Math.Pow(10, Math.Floor(Math.Log10(amount)));
        return power * (amount / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 };
    }
}
