namespace OrleansBulk.Upstreams;

/// <summary>Keeps a gate supplied with its share of the budget while somebody needs it, and gives the share back when nobody does.</summary>
internal sealed partial class BudgetKeeper(UpstreamGate gate, IGrainFactory grains, SiloIdentity silo, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan IdleRelease = TimeSpan.FromSeconds(5);
    private readonly IUpstreamGrain _grain = grains.GetGrain<IUpstreamGrain>(UpstreamKeys.GrainKey(gate.Options.Name));
    private volatile HoldOff? _toTell; // written by the gate when it is told to wait, read by the loop

    public async Task RunAsync(CancellationToken stop)
    {
        gate.HeldOff = holdOff => _toTell = holdOff;
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await gate.WhenNeededAsync().WaitAsync(stop);
                await KeepWhileNeededAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await ReleaseAsync();
        }
    }

    private async Task KeepWhileNeededAsync(CancellationToken stop)
    {
        var neededAt = time.GetTimestamp();
        while (time.GetElapsedTime(neededAt) < IdleRelease)
        {
            var pause = await RenewAsync();
            var (waiting, inFlight) = gate.Need;
            neededAt = waiting + inFlight > 0 ? time.GetTimestamp() : neededAt;
            await Task.Delay(pause, time, stop);
        }

        await ReleaseAsync();
    }

    private async Task<TimeSpan> RenewAsync()
    {
        try
        {
            if (Interlocked.Exchange(ref _toTell, null) is { } holdOff)
            {
                await _grain.HoldOffAsync(holdOff);
            }

            var (waiting, inFlight) = gate.Need;
            var sentAt = time.GetTimestamp();
            var lease = await _grain.RenewAsync(new RenewLease(silo.Name, waiting, inFlight));
            gate.Apply(lease, sentAt);
            return lease.AskAgainAfter > TimeSpan.Zero ? lease.AskAgainAfter : AfterFailure;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // Whatever it was (a silo that just died, a database that is down): without a renewal the lease ends by itself and calls stop. Ask again.
            LogRenewalFailed(error, gate.Options.Name);
            return AfterFailure;
        }
    }

    private async Task ReleaseAsync()
    {
        gate.DropLease();
        try
        {
            await _grain.ReleaseAsync(new ReleaseLease(silo.Name, gate.Need.InFlight));
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            LogReleaseFailed(error, gate.Options.Name); // the lease ends by itself
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Upstream}: the lease of its budget could not be renewed; calls stop when it ends.")]
    private partial void LogRenewalFailed(Exception error, string upstream);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Upstream}: the lease of its budget could not be given back; it ends by itself.")]
    private partial void LogReleaseFailed(Exception error, string upstream);
}
