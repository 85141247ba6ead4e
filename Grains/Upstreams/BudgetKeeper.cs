namespace OrleansBulk.Upstreams;

/// <summary>Keeps a gate supplied with its share of the budget while somebody needs it, and gives the share back when nobody does.</summary>
internal sealed partial class BudgetKeeper(UpstreamGate gate, IGrainFactory grains, SiloIdentity silo, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan IdleRelease = TimeSpan.FromSeconds(5);
    private readonly IUpstreamGrain _grain = grains.GetGrain<IUpstreamGrain>(UpstreamKeys.GrainKey(gate.Options.Name));
    private HoldOff? _toTell; // the longest not told yet: written by the gate when it is told to wait, taken by the loop

    public async Task RunAsync(CancellationToken stop)
    {
        gate.HeldOff = ToTell;
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await gate.WhenNeededAsync().WaitAsync(stop);
                await KeepWhileNeededAsync(stop);
            }
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            await ReleaseAsync(); // whatever the stop interrupted
        }
    }

    private async Task KeepWhileNeededAsync(CancellationToken stop)
    {
        var neededAt = time.GetTimestamp();
        while (time.GetElapsedTime(neededAt) < IdleRelease)
        {
            var pause = await RenewAsync(stop);
            var (waiting, inFlight) = gate.Need;
            neededAt = waiting + inFlight > 0 ? time.GetTimestamp() : neededAt;
            await Task.Delay(pause, time, stop);
        }

        await ReleaseAsync();
    }

    private async Task<TimeSpan> RenewAsync(CancellationToken stop)
    {
        try
        {
            await TellAsync();
            var (waiting, inFlight) = gate.Need;
            var sentAt = time.GetTimestamp();
            var lease = await _grain.RenewAsync(new RenewLease(silo.Name, waiting, inFlight));
            gate.Apply(lease, sentAt);
            return lease.AskAgainAfter > TimeSpan.Zero ? lease.AskAgainAfter : AfterFailure;
        }
        catch (Exception error) when (!stop.IsCancellationRequested)
        {
            // Whatever it was (a silo that just died, a database that is down, a call that the runtime cancelled): without a renewal the lease ends by itself and calls stop.
            // Ask again: a keeper that gave up would leave the upstream closed on this silo for good.
            LogRenewalFailed(error, gate.Options.Name);
            return AfterFailure;
        }
    }

    private void ToTell(HoldOff holdOff)
    {
        for (var known = Volatile.Read(ref _toTell); known is null || known.For < holdOff.For;)
        {
            var found = Interlocked.CompareExchange(ref _toTell, holdOff, known);
            if (ReferenceEquals(found, known))
            {
                return;
            }

            known = found;
        }
    }

    private async Task TellAsync()
    {
        if (Interlocked.Exchange(ref _toTell, null) is not { } holdOff)
        {
            return;
        }

        try
        {
            await _grain.HoldOffAsync(holdOff);
        }
        catch
        {
            ToTell(holdOff);
            throw;
        }
    }

    private async Task ReleaseAsync()
    {
        gate.DropLease();
        try
        {
            await _grain.ReleaseAsync(new ReleaseLease(silo.Name, gate.Need.InFlight));
        }
        catch (Exception error)
        {
            LogReleaseFailed(error, gate.Options.Name); // the lease ends by itself
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Upstream}: the lease of its budget could not be renewed; calls stop when it ends.")]
    private partial void LogRenewalFailed(Exception error, string upstream);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Upstream}: the lease of its budget could not be given back; it ends by itself.")]
    private partial void LogReleaseFailed(Exception error, string upstream);
}
