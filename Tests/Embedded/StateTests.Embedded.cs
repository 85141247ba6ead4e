using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace OrleansBulk.Tests.Embedded;

/// <summary>State goes through JSON and its ETag is checked.</summary>
public sealed class StateTests : EmbeddedSiloTest
{
    private ILedgerGrain Ledger => Grains.GetGrain<ILedgerGrain>(Key);

    private IGrainStorage Storage => Services.GetRequiredKeyedService<IGrainStorage>("ledger-store");

    private protected override void ConfigureServices(IServiceCollection services) => services
        .AddKeyedSingleton<IGrainStorage, DistantStorage>("ledger-store")
        .AddKeyedSingleton<IGrainStorage, BrokenStorage>("broken-store");

    [Fact]
    public async Task State_GoesThroughJson()
    {
        await Ledger.AddAsync("one");
        await Ledger.AddAsync("two");
        var stored = new GrainState<LedgerState>();
        await Storage.ReadStateAsync("ledger", Ledger.GetGrainId(), stored);

        Assert.Equal("one,two", string.Join(',', stored.State!.Lines));
        Assert.True(stored.RecordExists);
        Assert.NotNull(stored.ETag);
    }

    [Fact]
    public async Task WriterWithAStaleETag_IsRefused_AndItsActivationEnds()
    {
        await Ledger.AddAsync("one");
        var id = Ledger.GetGrainId();
        var other = new GrainState<LedgerState>();
        await Storage.ReadStateAsync("ledger", id, other);
        other.State!.Lines = other.State.Lines.Add("other");
        await Storage.WriteStateAsync("ledger", id, other);

        var stale = await Assert.ThrowsAsync<InconsistentStateException>(() => Ledger.AddAsync("two"));

        Assert.Equal(other.ETag, stale.StoredEtag);
        Assert.Equal("one,other,three", await Ledger.AddAsync("three"));
    }

    [Fact]
    public async Task OverlappingWrites_OfAnInterleavingGrain_RunOneAfterTheOther()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Ledger.AddAsync($"{i}")));

        Assert.Equal(21, (await Ledger.AddAsync("last")).Split(',').Length);
    }

    [Fact]
    public async Task ForeignExceptionOfAStorage_IsWrapped()
    {
        var error = await Assert.ThrowsAsync<OrleansException>(() => Grains.GetGrain<IBrokenStateGrain>(Key).RunAsync());

        Assert.Contains("BrokenStorage failed to read state 'broken'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownStorage_IsNamed() => Assert.Contains(
        "wants its state 'lost' in storage 'nowhere'",
        (await Assert.ThrowsAsync<OrleansConfigurationException>(() => Grains.GetGrain<ILostStateGrain>(Key).RunAsync())).Message,
        StringComparison.Ordinal);

    [Alias("ledger")]
    internal interface ILedgerGrain : IGrainWithStringKey
    {
        [Alias("add")]
        Task<string> AddAsync(string line);
    }

    [Alias("broken-state")]
    internal interface IBrokenStateGrain : IGrainWithStringKey
    {
        [Alias("run")]
        Task RunAsync();
    }

    [Alias("lost-state")]
    internal interface ILostStateGrain : IGrainWithStringKey
    {
        [Alias("run")]
        Task RunAsync();
    }

    [GenerateSerializer, Alias("ledger-state")]
    internal sealed class LedgerState
    {
        [Id(0)]
        public ImmutableList<string> Lines { get; set; } = [];
    }

    [Reentrant]
    internal sealed class LedgerGrain([PersistentState("ledger", "ledger-store")] IPersistentState<LedgerState> ledger) : Grain, ILedgerGrain
    {
        public async Task<string> AddAsync(string line)
        {
            ledger.State.Lines = ledger.State.Lines.Add(line);
            await ledger.WriteStateAsync();
            return string.Join(',', ledger.State.Lines);
        }
    }

    internal sealed class BrokenStateGrain([PersistentState("broken", "broken-store")] IPersistentState<LedgerState> state) : Grain, IBrokenStateGrain
    {
        public Task RunAsync() => state.ReadStateAsync();
    }

    internal sealed class LostStateGrain([PersistentState("lost", "nowhere")] IPersistentState<LedgerState> state) : Grain, ILostStateGrain
    {
        public Task RunAsync() => state.ReadStateAsync();
    }

    /// <summary>Sends what it is given before it awaits, as a database driver does.</summary>
    private sealed class DistantStorage : IGrainStorage
    {
        private readonly MemoryGrainStorage _memory = new();

        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
            SendAsync(grainState, sent => _memory.ReadStateAsync(stateName, grainId, sent));

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
            SendAsync(grainState, sent => _memory.WriteStateAsync(stateName, grainId, sent));

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
            SendAsync(grainState, sent => _memory.ClearStateAsync(stateName, grainId, sent));

        private static async Task SendAsync<T>(IGrainState<T> state, Func<IGrainState<T>, Task> operation)
        {
            var sent = new GrainState<T>(state.State, state.ETag);
            await Task.Yield();
            await operation(sent);
            (state.State, state.ETag, state.RecordExists) = (sent.State, sent.ETag, sent.RecordExists);
        }
    }

    private sealed class BrokenStorage : IGrainStorage
    {
        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => throw new InvalidOperationException("the disk is gone");

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => throw new InvalidOperationException("the disk is gone");

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => throw new InvalidOperationException("the disk is gone");
    }
}
