namespace OrleansBulk.Tests.Simulator;

/// <summary>Waits for a condition that something else brings about.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <param name="what">What is waited for, for the message when it does not come.</param>
    public static async Task Async(Func<bool> condition, string what)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Patience, $"Waited {Patience.TotalSeconds} s in vain for: {what}");
            await Task.Delay(1);
        }
    }
}
