using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;

namespace OrleansBulk.Tests.Embedded;

/// <summary>How a silo starts and stops.</summary>
public sealed class StopTests : EmbeddedSiloTest
{
    [Fact]
    public async Task Stop_LetsTheRunningCallFinish_AndRefusesTheOthers()
    {
        var reason = DeactivationReasonCode.None;
        Probe.Deactivating[Key] = grain => Task.FromResult(reason = grain.Reason.ReasonCode);
        var running = HoldAsync();
        await ConformanceGates.PassAsync(Key + "/begun");
        var queued = Grain.RunAsync(Probe.Nothing);

        var stopped = StopAsync();
        await Assert.ThrowsAsync<SiloUnavailableException>(() => Grain.RunAsync(Probe.Nothing).WaitAsync(Patience));
        Assert.False(stopped.IsCompleted);
        ConformanceGates.Open(Key);

        Assert.Equal("finished", await running.WaitAsync(Patience));
        await Assert.ThrowsAsync<SiloUnavailableException>(() => queued.WaitAsync(Patience));
        await stopped.WaitAsync(Patience);
        Assert.Equal(DeactivationReasonCode.ShuttingDown, reason);
    }

    [Fact]
    public async Task Stop_EndsManyIdleActivations_AtOnce()
    {
        await Task.WhenAll(Enumerable.Range(0, 500).Select(i => At($"{Key}/{i}").RunAsync(Probe.Nothing)));
        var silo = Silo;

        await StopAsync().WaitAsync(Patience);

        Assert.Equal(0, silo.CountActivations()["probe"]);
    }

    [Fact]
    public async Task Stop_EndsAnActivation_ThatNeverGotACall()
    {
        var silo = Silo;
        var reference = (GrainReference)(object)Grain;
        reference.Class.GetOrAdd(Key);

        await StopAsync().WaitAsync(Patience);

        Assert.Equal(0, silo.CountActivations()["probe"]);
    }

    [Fact]
    public async Task TimerTicks_DoNotBringAGrainBack()
    {
        var activations = 0;
        Probe.Activating[Key] = grain =>
        {
            activations++;
            grain.RegisterGrainTimer(_ => Task.CompletedTask, new GrainTimerCreationOptions(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)));
            return Task.CompletedTask;
        };
        // The clock goes on while the grain ends, and again after its end.
        Probe.Deactivating[Key] = _ => Task.Run(() => Clock.Advance(TimeSpan.FromSeconds(3)));
        await Grain.RunAsync(Probe.Nothing);

        await StopAsync().WaitAsync(Patience);
        Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(1, activations);
    }

    [Fact]
    public async Task StopThatIsCutShort_ReleasesTheCallers()
    {
        var running = HoldAsync();
        await ConformanceGates.PassAsync(Key + "/begun");

        await Silo.StopAsync(new CancellationToken(canceled: true)).WaitAsync(Patience);

        await Assert.ThrowsAsync<SiloUnavailableException>(() => running.WaitAsync(Patience));
        ConformanceGates.Open(Key);
    }

    [Fact]
    public async Task FailureWhileItEnds_DoesNotKeepTheGrain()
    {
        Probe.Deactivating[Key] = _ => throw new InvalidOperationException("cannot end");
        var first = await Grain.RunAsync(Probe.Tell(grain => grain.Me.ToString()));

        await Grain.RunAsync(Probe.Script(grain => grain.EndWhenIdle()));

        Assert.NotEqual(first, await Grain.RunAsync(Probe.Tell(grain => grain.Me.ToString())).WaitAsync(Patience));
    }

    [Fact]
    public async Task EndThatTakesTooLong_IsGivenUp()
    {
        Probe.Deactivating[Key] = _ =>
        {
            ConformanceGates.Open(Key + "/ending");
            return new TaskCompletionSource().Task;
        };
        ProbeGrain? instance = null;
        await Grain.RunAsync(Probe.Script(grain =>
        {
            instance = grain;
            grain.EndWhenIdle();
        }));
        await ConformanceGates.PassAsync(Key + "/ending");
        await EventuallyAsync(() => Clock.ArmedTimers == 2, "the time limit");

        Clock.Advance(TimeSpan.FromSeconds(31));

        await EventuallyAsync(() => Live == 0, "the activation's end");
        await EventuallyAsync(() => instance!.IsDisposed, "the instance's disposal");
    }

    [Fact]
    public async Task CallBeforeTheStart_SaysSo()
    {
        var services = new ServiceCollection().AddLogging().AddEmbeddedGrains(null, typeof(StopTests).Assembly);
        await using var provider = services.BuildServiceProvider();

        var grain = provider.GetRequiredService<IClusterClient>().GetGrain<IProbeGrain>(Key);

        var error = await Assert.ThrowsAsync<SiloUnavailableException>(() => grain.RunAsync(Probe.Nothing));

        Assert.Contains("before the silo had started", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_OutOfRange_AreNamed_WithTheirRange()
    {
        var services = new ServiceCollection().AddLogging().AddEmbeddedGrains(
            options =>
            {
                options.ResponseTimeout = TimeSpan.Zero;
                options.CollectionQuantum = TimeSpan.FromHours(1);
                options.MaxIdleActivations = 0;
                options.FaultInjection = new FaultInjectionOptions { RejectionProbability = 1.5 };
            },
            typeof(StopTests).Assembly);
        using var provider = services.BuildServiceProvider();

        var message = Assert.ThrowsAny<Exception>(() => provider.GetServices<IHostedService>().ToArray()).Message;

        foreach (var name in new[] { "ResponseTimeout is 00:00:00", "CollectionQuantum is 01:00:00", "MaxIdleActivations is 0", "RejectionProbability is 1.5" })
            Assert.Contains(name, message, StringComparison.Ordinal);
    }

    private Task<string> HoldAsync() => Grain.RunAsync(Probe.Script(async (_, _) =>
    {
        ConformanceGates.Open(Key + "/begun");
        await ConformanceGates.PassAsync(Key, CancellationToken.None);
        return "finished";
    }));
}
