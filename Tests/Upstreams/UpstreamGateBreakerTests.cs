using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

public sealed class UpstreamGateBreakerTests : UpstreamGateTest
{
    [Fact]
    public void FailuresInARow_ParkWaiters_ProbeOne_AndRampUp()
    {
        var gate = Gate(concurrency: 8, breakerFailures: 3);
        foreach (var permit in Enumerable.Range(0, 3).Select(_ => Enter(gate).Permit()).ToList())
        {
            permit.Complete(CallVerdict.Troubled, reason: "503");
        }

        var parked = Enumerable.Range(0, 20).Select(_ => Enter(gate, wait: Minute)).ToList();
        Time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.All(parked, entry => Assert.False(entry.IsCompleted));

        Time.Advance(TimeSpan.FromSeconds(0.1));
        var rounds = new List<int>();
        var done = 0;
        while (parked.Exists(entry => !entry.IsCompleted))
        {
            var now = parked.Where(entry => entry.IsCompleted).Skip(done).ToList();
            Assert.NotEmpty(now);
            rounds.Add(now.Count);
            done += now.Count;
            now.ForEach(entry =>
            {
                Assert.True(entry.Result().Parked);
                entry.Permit().Complete(CallVerdict.Good);
            });
        }

        Assert.Equal([1, 1, 2, 4, 8], rounds.Take(5)); // the probe, and then from one on
    }

    [Fact]
    public void FailedProbe_ParksForLonger()
    {
        var gate = Gate(concurrency: 8, breakerFailures: 1);
        Enter(gate).Permit().Complete(CallVerdict.Troubled, reason: "503");
        Time.Advance(TimeSpan.FromSeconds(5));
        Enter(gate).Permit().Complete(CallVerdict.Troubled, reason: "503");
        var waiting = Enter(gate, wait: Minute);

        Time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(waiting.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.True(waiting.IsCompleted);
    }

    [Fact]
    public void AbandonedProbe_LetsTheNextOneOut()
    {
        var gate = Gate(concurrency: 8, breakerFailures: 1);
        Enter(gate).Permit().Complete(CallVerdict.Troubled, reason: "503");
        Time.Advance(TimeSpan.FromSeconds(5));
        var probe = Enter(gate).Permit();
        var next = Enter(gate);
        Assert.False(next.IsCompleted);

        probe.Dispose();

        Assert.True(next.Permit().Probe);
    }

    [Fact]
    public void Block_ParksForAsLongAsItSays()
    {
        var gate = Gate(concurrency: 8);
        Enter(gate).Permit().Complete(CallVerdict.Blocked, TimeSpan.FromMinutes(3), "challenge");

        var entry = Enter(gate, wait: Minute).Result();

        Assert.Null(entry.Permit);
        Assert.Equal(TimeSpan.FromMinutes(3), entry.AskAgainAfter);
        Assert.Equal("open", gate.Look().Breaker);
    }
}
