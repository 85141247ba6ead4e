using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace OrleansBulk.Upstreams;

/// <summary>Who waits at a gate, in the order of their turns: one of each flow after the other, and a person before all. Written by the gate under its lock.</summary>
internal sealed class GateLine
{
    private readonly Dictionary<string, GateFlow> _flows = new(StringComparer.Ordinal);
    private readonly LinkedList<GateFlow> _turns = new(); // flows with waiters, in the order of their turn
    private readonly PriorityQueue<GateWaiter, long> _deadlines = new(); // who has left the line leaves this one when its deadline comes

    public int Count { get; private set; }

    /// <summary>The flow of that name, new or known.</summary>
    public GateFlow Flow(FlowTicket ticket)
    {
        ref var flow = ref CollectionsMarshal.GetValueRefOrAddDefault(_flows, ticket.Name, out _);
        flow ??= new GateFlow(ticket.Name);
        flow.Concurrency = ticket.Concurrency;
        return flow;
    }

    /// <summary>The flows that call or wait, the longest line first.</summary>
    public IReadOnlyList<GateFlowView> Look() =>
        [.. _flows.Values.Select(flow => new GateFlowView(flow.Name, flow.Waiters.Count, flow.InFlight)).OrderByDescending(flow => flow.Waiting).ThenBy(flow => flow.Name, StringComparer.Ordinal)];

    /// <summary>Forgets a flow that neither calls nor waits.</summary>
    public void Forget(GateFlow flow)
    {
        if (flow is { InFlight: 0, Waiters.Count: 0 })
        {
            _flows.Remove(flow.Name);
        }
    }

    public void Add(GateWaiter waiter)
    {
        waiter.Place = waiter.Flow.Waiters.AddLast(waiter);
        _deadlines.Enqueue(waiter, waiter.Deadline);
        Count++;
        if (waiter.Flow.Waiters.Count == 1)
        {
            TakeTurn(waiter.Flow);
        }
    }

    /// <summary>Takes somebody out of the line, whatever its place; false when it is not in it any more.</summary>
    public bool Remove(GateWaiter waiter)
    {
        if (waiter.Place is not { } place)
        {
            return false;
        }

        var flow = waiter.Flow;
        flow.Waiters.Remove(place);
        waiter.Place = null;
        Count--;
        if (flow.Waiters.Count == 0)
        {
            _turns.Remove(flow);
            Forget(flow);
        }

        return true;
    }

    /// <summary>Takes out the first waiter of the next flow that may call; its flow goes to the end.</summary>
    public bool TryNext([NotNullWhen(true)] out GateWaiter? waiter)
    {
        for (var node = _turns.First; node is not null; node = node.Next)
        {
            var flow = node.Value;
            if (!flow.MayCall)
            {
                continue;
            }

            waiter = flow.Waiters.First!.Value;
            flow.Waiters.RemoveFirst();
            waiter.Place = null;
            Count--;
            _turns.Remove(node);
            if (flow.Waiters.Count > 0)
            {
                TakeTurn(flow);
            }

            return true;
        }

        waiter = null;
        return false;
    }

    /// <summary>Takes out somebody whose deadline has come.</summary>
    public bool TryOverdue(long now, [NotNullWhen(true)] out GateWaiter? waiter)
    {
        while (NextDeadline() is { } deadline && deadline <= now)
        {
            waiter = _deadlines.Dequeue();
            if (Remove(waiter))
            {
                return true;
            }
        }

        waiter = null;
        return false;
    }

    /// <summary>Takes out anybody.</summary>
    public bool TryAny([NotNullWhen(true)] out GateWaiter? waiter)
    {
        waiter = _turns.First?.Value.Waiters.First?.Value;
        return waiter is not null && Remove(waiter);
    }

    /// <summary>When the next of those who wait has waited long enough; null when nobody waits.</summary>
    public long? NextDeadline()
    {
        while (_deadlines.TryPeek(out var waiter, out var deadline))
        {
            if (waiter.Place is not null)
            {
                return deadline;
            }

            _deadlines.Dequeue();
        }

        return null;
    }

    private void TakeTurn(GateFlow flow)
    {
        if (flow.Name == FlowTicket.Interactive)
        {
            _turns.AddFirst(flow);
        }
        else
        {
            _turns.AddLast(flow);
        }
    }
}
