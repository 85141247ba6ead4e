using OrleansBulk.Simulator.Scenarios;

namespace OrleansBulk.Simulator.Limits;

/// <summary>Admits calls while a host's window has room.</summary>
internal sealed class CallLimiter(CallLimit limit)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SlidingWindow> _windows = [];

    public static long LengthMs(CallLimit limit) => (long)Math.Round(limit.PerSeconds * 1000);

    public bool TryAdmit(string host, long nowMs)
    {
        lock (_lock)
        {
            if (!_windows.TryGetValue(host, out var window)) _windows[host] = window = new SlidingWindow(LengthMs(limit));
            window.Slide(nowMs);
            if (window.Count >= limit.Calls) return false;
            window.Add(nowMs);
            return true;
        }
    }
}
