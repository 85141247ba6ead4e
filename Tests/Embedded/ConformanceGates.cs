using System.Collections.Concurrent;

namespace OrleansBulk.Tests.Embedded;

/// <summary>Points where a grain waits for its test, or a test for a grain, by name. Static, since grains of in-process silos share the process.</summary>
public static class ConformanceGates
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly ConcurrentDictionary<string, TaskCompletionSource> s_gates = new();

    public static void Open(string gate) => Gate(gate).TrySetResult();

    public static bool IsOpen(string gate) => Gate(gate).Task.IsCompleted;

    public static async Task PassAsync(string gate, CancellationToken cancellationToken = default)
    {
        try
        {
            await Gate(gate).Task.WaitAsync(s_patience, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Gate '{gate}' did not open within {s_patience}.");
        }
    }

    private static TaskCompletionSource Gate(string gate) =>
        s_gates.GetOrAdd(gate, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
