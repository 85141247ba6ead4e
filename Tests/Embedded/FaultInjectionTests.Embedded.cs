using Orleans.Hosting;

namespace OrleansBulk.Tests.Embedded;

/// <summary>The faults of a cluster, on request.</summary>
public sealed class FaultInjectionTests : EmbeddedSiloTest
{
    private readonly FaultInjectionOptions _faults = new() { Seed = 7, CollectionAge = TimeSpan.FromSeconds(1) };

    private protected override void Configure(EmbeddedGrainOptions options) => options.FaultInjection = _faults;

    [Fact]
    public async Task Rejections_ComeAtTheirRate_AndTheCallDoesNotRun()
    {
        _faults.RejectionProbability = 0.25;
        var ran = 0;
        var count = Probe.Script(_ => ran++);

        var rejected = await RejectedOfAsync(400, count);

        Assert.InRange(rejected, 60, 140);
        Assert.Equal(400, rejected + ran);
    }

    [Fact]
    public async Task LostResponses_AreOfCallsThatRan()
    {
        _faults.LostResponseProbability = 0.25;
        var ran = 0;
        var count = Probe.Script(_ => ran++);

        var rejected = await RejectedOfAsync(400, count);

        Assert.InRange(rejected, 60, 140);
        Assert.Equal(400, ran);
    }

    [Fact]
    public async Task Streams_AreAborted()
    {
        _faults.StreamAbortProbability = 1;

        await Assert.ThrowsAsync<EnumerationAbortedException>(async () =>
        {
            await foreach (var _ in Grains.GetGrain<IStreamGrain>(Key).CountAsync(1_000, CancellationToken.None)) { }
        });
    }

    [Fact]
    public async Task CollectionAge_OverridesThatOfClasses()
    {
        await Grains.GetGrain<IShortLivedProbeGrain>(Key).RunAsync("");

        Clock.Advance(TimeSpan.FromSeconds(1.5));

        await EventuallyAsync(() => Silo.CountActivations()["shortlivedprobe"] == 0, "the activation's end");
    }

    private async Task<int> RejectedOfAsync(int calls, string script)
    {
        var rejected = 0;
        for (var i = 0; i < calls; i++)
        {
            try
            {
                await Grain.RunAsync(script);
            }
            catch (OrleansMessageRejectionException)
            {
                rejected++;
            }
        }
        return rejected;
    }
}
