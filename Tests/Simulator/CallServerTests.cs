using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.GitHub;
using OrleansBulk.Simulator.Journals;
using OrleansBulk.Simulator.Scenarios;

namespace OrleansBulk.Tests.Simulator;

public class CallServerTests
{
    [Theory]
    [InlineData("[]", 0)]
    [InlineData("""[{"kind":"slowBody","durationMs":0}]""", 1)]
    public async Task ACall_IsOverBeforeItsLastByteIsSent(string faults, int openAtTheFirst)
    {
        var desk = new UpstreamDesk(new GitHubUpstream());
        var output = new WatchedStream(() => desk.InFlight);
        var http = new DefaultHttpContext { Response = { Body = output } };

        await Serve(desk, faults, http, new Reply { Status = 200, Body = new byte[100] });

        // A client that starts its next call upon the last byte must not be seen with two.
        Assert.Equal(100, output.Bytes);
        Assert.Equal((openAtTheFirst, 0), (output.OpenAtWrites[0], output.OpenAtWrites[^1]));
    }

    [Fact]
    public async Task ADefect_IsThrownAndLeavesNoCallOpen()
    {
        var desk = new UpstreamDesk(new GitHubUpstream());
        await Assert.ThrowsAsync<InvalidOperationException>(() => Serve(desk, "[]", new DefaultHttpContext(), null));
        Assert.Equal(0, desk.InFlight);
    }

    private static async Task Serve(UpstreamDesk desk, string faults, HttpContext http, Reply? reply)
    {
        var clock = TimeProvider.System;
        var scenario = ScenarioJson.Merge(new Scenario(), Stage.Upstream("github", $""" "latency":null, "faults":{faults} """));
        var journal = new Journal(new Dictionary<string, UpstreamDesk> { ["github"] = desk }.ToFrozenDictionary(), clock);
        using var timer = new LatencyTimer(clock);
        var server = new CallServer(new ScenarioStore(scenario, clock), journal, timer, clock, NullLogger<CallServer>.Instance);
        await server.ServeAsync(http, desk, "github", _ => ValueTask.FromResult(Question.About("users", "ada", _ => reply ?? throw new InvalidOperationException("a defect"))));
    }

    /// <summary>Notes at each write how many calls are open.</summary>
    private sealed class WatchedStream(Func<int> open) : MemoryStream
    {
        public List<int> OpenAtWrites { get; } = [];

        public long Bytes => Length;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            OpenAtWrites.Add(open());
            return base.WriteAsync(buffer, cancellationToken);
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            OpenAtWrites.Add(open());
            base.Write(buffer);
        }
    }
}
