using OrleansBulk.Hooks.Models;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Hooks;

/// <summary>A call that several share.</summary>
public sealed class SharedAskTests
{
    [Fact]
    public async Task WhenTheLastHasLeft_TheCallIsGivenUp_AndNobodyJoinsIt()
    {
        var ask = new SharedAsk();
        ask.TryJoin(Nothing);
        var running = ask.RunAsync(async (_, nobody) =>
        {
            await Task.Delay(Timeout.Infinite, nobody);
            throw new InvalidOperationException("It was not given up.");
        });
        using var leave = new CancellationTokenSource();
        var waiting = ask.WaitAsync(Nothing, leave.Token);

        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.False(ask.TryJoin(Nothing));
        await running.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task AJoiner_HearsWhatWasSaidBefore_AndHasTheSameEnd()
    {
        var ask = new SharedAsk();
        var end = new TaskCompletionSource<PaidResult>();
        ask.TryJoin(Nothing);
        Action<string> say = Nothing;
        var running = ask.RunAsync((told, _) =>
        {
            say = told;
            return end.Task;
        });
        say("one ");
        var heard = "";
        void Hear(string text) => heard += text;

        Assert.True(ask.TryJoin(Hear));
        say("two");
        var result = new PaidResult(new CallMissing("cause", "message"), default);
        end.SetResult(result);

        Assert.Same(result, await ask.WaitAsync(Hear, default));
        Assert.Equal("one two", heard);
        await running;
        Assert.False(ask.TryJoin(Nothing));
    }

    private static void Nothing(string text)
    {
    }
}
