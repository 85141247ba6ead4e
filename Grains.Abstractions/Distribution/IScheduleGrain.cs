namespace OrleansBulk.Distribution;

/// <summary>Runs one daily schedule of distributions. Key: <see cref="ScheduleKeys.Of"/>.</summary>
[Alias("OrleansBulk.IScheduleGrain")]
public interface IScheduleGrain : IGrainWithStringKey
{
    /// <summary>Makes the distribution that is due, if one is: once, however many days were missed. Answers whether one was made; idempotent.</summary>
    [Alias("RunDue")]
    Task<bool> RunDueAsync();
}

/// <summary>Keys of schedule grains.</summary>
public static class ScheduleKeys
{
    private const string Prefix = "schedule/";

    public static string Of(string name) => Prefix + name;

    public static string NameOf(string key) => key[Prefix.Length..];
}
