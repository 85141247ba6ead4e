namespace OrleansBulk.Upstreams;

// The gate's side of sharing the budget among silos; BudgetKeeper asks for the leases.
internal sealed partial class UpstreamGate
{
    public (int Waiting, int InFlight) Need
    {
        get
        {
            lock (_sync)
            {
                return (_line.Count, _inFlight);
            }
        }
    }

    public bool IsClosed
    {
        get
        {
            lock (_sync)
            {
                return _closed;
            }
        }
    }

    /// <summary>Completes when somebody waits at the gate.</summary>
    public Task WhenNeededAsync()
    {
        lock (_sync)
        {
            if (_line.Count == 0 && !_closed && _demand.Task.IsCompleted)
            {
                _demand = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return _demand.Task;
        }
    }

    /// <summary>Takes a lease into use.</summary>
    /// <param name="sentAt">A timestamp of the gate's <see cref="TimeProvider"/> from before the lease was asked for: its time runs from then.</param>
    public void Apply(BudgetLease lease, long sentAt)
    {
        lock (_sync)
        {
            var now = Now();
            var sent = now - _time.GetElapsedTime(sentAt).Ticks;
            _leasedConcurrency = lease.Concurrency;
            _leasedUntil = sent + lease.ValidFor.Ticks;
            _ceiling = lease.InForce?.Concurrency ?? Options.Concurrency;
            for (var i = 0; i < _windows.Length; i++)
            {
                var limit = lease.InForce is { } inForce && i < inForce.Calls.Length ? new CallLimit(inForce.Calls[i], inForce.Per[i]) : Options.Limits[i];
                if (limit != _windows[i].Limit)
                {
                    _windows[i].Keep(limit, Guard(limit));
                }

                _windows[i].Share = i < lease.Share.Length ? lease.Share[i] : 0;
            }

            if (lease.HoldOff > TimeSpan.Zero)
            {
                HoldUnderLock(now, lease.HoldOff, lease.HoldOffReason ?? "another silo was told to wait");
            }

            PumpUnderLock(now);
        }
    }

    /// <summary>Uses the lease no longer: it was given back.</summary>
    public void DropLease()
    {
        lock (_sync)
        {
            _leasedConcurrency = 0;
            _leasedUntil = long.MinValue;
        }
    }
}
