using Microsoft.Extensions.Logging.Abstractions;
using OrleansBulk.Tests.Support;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

public sealed class UpstreamGateStressTests
{
    /// <summary>Everything at once: flows, limits, cancelling, every verdict. No limit is passed, nobody waits beyond its deadline, and nothing is left behind.</summary>
    [Fact]
    public void NobodyIsLost_AndNoLimitIsPassed_WhateverHappens()
    {
        for (var seed = 0; seed < 25; seed++)
        {
            var time = new ManualTime();
            var random = new Random(seed);
            var limit = new CallLimit(5, TimeSpan.FromSeconds(1));
            using var gate = new UpstreamGate(UpstreamTests.Options(concurrency: 4, limits: "5 per 1s") with { BreakerFailures = 4 }, time, NullLogger.Instance, leased: false);
            var waiting = new List<(Task<GateEntry> Entry, CancellationTokenSource Cancel, DateTimeOffset Deadline)>();
            var calls = new List<Permit>();
            var arrivals = new List<long>();
            for (var step = 0; step < 3000; step++)
            {
                if (random.Next(3) == 0)
                {
                    var cancel = new CancellationTokenSource();
                    var wait = TimeSpan.FromSeconds(random.Next(20));
                    var flow = new FlowTicket(random.Next(6) == 0 ? FlowTicket.Interactive : $"job{random.Next(3)}", random.Next(4));
                    waiting.Add((gate.EnterAsync(flow, wait, cancel.Token).AsTask(), cancel, time.GetUtcNow() + wait));
                }

                if (random.Next(20) == 0 && waiting.Count > 0)
                {
                    waiting[random.Next(waiting.Count)].Cancel.Cancel();
                }

                if (random.Next(3) == 0 && calls.Count > 0)
                {
                    var permit = calls[random.Next(calls.Count)];
                    calls.Remove(permit);
                    permit.Complete((CallVerdict)Math.Max(0, random.Next(-40, 5)), random.Next(2) == 0 ? TimeSpan.FromSeconds(random.Next(3)) : null, "seeded");
                }

                time.Advance(TimeSpan.FromMilliseconds(random.Next(60)));
                Collect();
            }

            while (calls.Count > 0 || waiting.Count > 0)
            {
                calls.ForEach(permit => permit.Complete(CallVerdict.Good));
                calls.Clear();
                time.Advance(TimeSpan.FromMilliseconds(50));
                Collect();
            }

            Assert.Equal((0, 0), gate.Need);
            Assert.True(arrivals.Count > 20, $"Seed {seed}: {arrivals.Count} calls are too few to say anything.");

            void Collect()
            {
                foreach (var one in waiting.ToList())
                {
                    if (!one.Entry.IsCompleted)
                    {
                        Assert.True(time.GetUtcNow() <= one.Deadline, $"Seed {seed}: somebody waits beyond the deadline.");
                        continue;
                    }

                    waiting.Remove(one);
                    if (one.Entry.IsCompletedSuccessfully && one.Entry.Result().Permit is { } permit)
                    {
                        calls.Add(permit);
                        arrivals.Add(permit.GrantedAt);
                        Assert.True(calls.Count <= 4, $"Seed {seed}: {calls.Count} calls at once.");
                        Assert.True(arrivals.Count(arrival => arrival > permit.GrantedAt - limit.Per.Ticks && arrival <= permit.GrantedAt) <= limit.Calls, $"Seed {seed}: too many calls in a window.");
                    }

                    one.Cancel.Dispose();
                }
            }
        }
    }

    [Fact]
    public async Task ManyThreads_LoseNobody_AndKeepTheCeiling()
    {
        using var gate = new UpstreamGate(UpstreamTests.Options(concurrency: 3), TimeProvider.System, NullLogger.Instance, leased: false);
        var (now, most, done) = (0, 0, 0);

        await Task.WhenAll(Enumerable.Range(0, 16).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 500; i++)
            {
                using var cancel = new CancellationTokenSource();
                var entering = gate.EnterAsync(new FlowTicket($"job{worker % 4}", random.Next(3)), TimeSpan.FromMinutes(1), cancel.Token).AsTask();
                if (random.Next(4) == 0)
                {
                    await cancel.CancelAsync();
                }

                try
                {
                    using var permit = (await entering).Permit!;
                    InterlockedMax(ref most, Interlocked.Increment(ref now));
                    for (var yields = 0; yields < 5; yields++)
                    {
                        await Task.Yield(); // so that calls overlap on few threads too
                    }

                    Interlocked.Decrement(ref now);
                    permit.Complete(random.Next(5) == 0 ? CallVerdict.Neutral : CallVerdict.Good);
                }
                catch (OperationCanceledException)
                {
                    // It was given up while it waited.
                }

                Interlocked.Increment(ref done);
            }
        }))).WaitAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(16 * 500, done);
        Assert.InRange(most, 2, 3);
        Assert.Equal((0, 0), gate.Need);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); value > seen;)
        {
            seen = Interlocked.CompareExchange(ref target, value, seen) is var found && found == seen ? value : found;
        }
    }
}
