namespace OrleansBulk.Web.Health;

/// <summary>
/// Asks every probe at once and believes the answers for a second: <c>/readyz</c> is open to all, and a flood of it must not reach the database.
/// </summary>
public sealed partial class Readiness(IEnumerable<IReadinessProbe> probes, TimeProvider time, ILogger<Readiness> logger) : IDisposable
{
    /// <summary>How long a probe may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Age = TimeSpan.FromSeconds(1);

    // One asks, the others wait for the answer; both fields belong to whoever holds the turn.
    private readonly SemaphoreSlim _turn = new(1);
    private IReadOnlyDictionary<string, string?>? _answers;
    private long _answeredAt;

    /// <returns>For each probe null, or what is wrong.</returns>
    public async Task<IReadOnlyDictionary<string, string?>> CheckAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_answers is null || time.GetElapsedTime(_answeredAt) >= Age)
            {
                var all = await Task.WhenAll(probes.Select(AskAsync));
                _answers = all.ToDictionary(answer => answer.Name, answer => answer.Fault);
                _answeredAt = time.GetTimestamp();
            }

            return _answers;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task<(string Name, string? Fault)> AskAsync(IReadinessProbe probe)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            return (probe.Name, await probe.CheckAsync(patience.Token).WaitAsync(patience.Token));
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            return (probe.Name, $"Does not answer within {Patience.TotalSeconds:0} s.");
        }
        catch (Exception error) // whatever a probe throws, the answer is the same: this part is not ready
        {
            LogFault(error, probe.Name);
            return (probe.Name, "Does not answer now.");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Probe} is not ready.")]
    private partial void LogFault(Exception error, string probe);
}
