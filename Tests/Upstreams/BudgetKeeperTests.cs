using System.Reflection;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansBulk.Tests.Support;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

public sealed class BudgetKeeperTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan ValidFor = TimeSpan.FromSeconds(2);
    private readonly ManualTime _time = new();
    private readonly RecordingGrain _grain = new();
    private readonly CancellationTokenSource _stop = new();
    private UpstreamGate _gate = null!;
    private Task _keeping = Task.CompletedTask;

    public Task InitializeAsync()
    {
        _gate = new UpstreamGate(UpstreamTests.Options(concurrency: 3), _time, NullLogger.Instance, leased: true);
        _keeping = new BudgetKeeper(_gate, OneGrain.For(_grain), new SiloIdentity("silo-a", OwnsCluster: false), _time, NullLogger.Instance).RunAsync(_stop.Token);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _keeping;
    }

    public void Dispose()
    {
        _gate.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task FirstWaiter_GetsALease()
    {
        var entering = Enter();

        Assert.Equal(new RenewLease("silo-a", 1, 0), await _grain.NextAsync());

        Assert.NotNull((await entering).Permit);
    }

    [Fact]
    public async Task NoNeed_AsksForNothing()
    {
        _time.Advance(TimeSpan.FromMinutes(1));
        var entering = Enter();

        Assert.Equal(new RenewLease("silo-a", 1, 0), await _grain.NextAsync()); // the first there is
        await entering;
    }

    [Fact]
    public async Task Lease_IsRenewedWhileCallsRun_AndGivenBackWhenIdle()
    {
        var permit = (await FirstEntryAsync()).Permit!;
        await RenewalAsync();
        Assert.Equal(new RenewLease("silo-a", 0, 1), await _grain.NextAsync());
        permit.Complete(CallVerdict.Good);

        object message;
        do
        {
            await RenewalAsync();
            message = await _grain.NextAsync();
        }
        while (message is RenewLease);

        Assert.Equal(new ReleaseLease("silo-a", 0), message);
        Assert.Equal(0, _gate.Look().Concurrency);
    }

    [Theory]
    [InlineData(typeof(TimeoutException))]
    [InlineData(typeof(TaskCanceledException))]
    [InlineData(typeof(OperationCanceledException))]
    public async Task FailedRenewal_IsTriedAgain(Type error)
    {
        _grain.FailNext((Exception)Activator.CreateInstance(error)!);
        var entering = Enter();
        await _grain.NextAsync();
        await RenewalAsync();

        Assert.IsType<RenewLease>(await _grain.NextAsync());

        Assert.NotNull((await entering).Permit);
    }

    [Fact]
    public async Task Stop_GivesTheLeaseBack_AndSaysWhatIsUnderWay()
    {
        await FirstEntryAsync();

        await _stop.CancelAsync();
        await _keeping;

        Assert.Equal(new ReleaseLease("silo-a", 1), await _grain.NextAsync());
    }

    [Fact]
    public async Task LongestHold_IsToldToTheOthers()
    {
        await FirstEntryAsync();
        _gate.Hold(TimeSpan.FromHours(1), "quota");
        _gate.Hold(TimeSpan.FromSeconds(1), "429");

        await RenewalAsync();

        Assert.Equal(new HoldOff(TimeSpan.FromHours(1), "quota"), await _grain.NextAsync());
    }

    [Fact]
    public async Task HoldThatCouldNotBeTold_IsToldLater()
    {
        await FirstEntryAsync();
        _gate.Hold(TimeSpan.FromHours(1), "quota");
        _grain.FailNext(new TimeoutException());
        await RenewalAsync();
        Assert.IsType<HoldOff>(await _grain.NextAsync());

        await RenewalAsync();

        Assert.IsType<HoldOff>(await _grain.NextAsync());
    }

    private Task<GateEntry> Enter() => _gate.EnterAsync(new FlowTicket("job", 0), TimeSpan.FromHours(2), CancellationToken.None).AsTask();

    private async Task<GateEntry> FirstEntryAsync()
    {
        var entering = Enter();
        await _grain.NextAsync();
        return await entering.WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Lets the keeper's pause before its next message pass.</summary>
    private async Task RenewalAsync()
    {
        await _time.TimerWithinAsync(ValidFor / 2, atLeast: ValidFor / 4); // not one of the gate's own
        _time.Advance(ValidFor / 2);
    }

    /// <summary>Gives everything at once, and records what it is told.</summary>
    private sealed class RecordingGrain : IUpstreamGrain
    {
        private readonly Channel<object> _messages = Channel.CreateUnbounded<object>(); // written by the keeper, read by the test
        private Exception? _fail;

        public void FailNext(Exception error) => _fail = error;

        public Task<object> NextAsync() => _messages.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

        public async Task<BudgetLease> RenewAsync(RenewLease request)
        {
            await HearAsync(request);
            return new BudgetLease(3, [], ValidFor, ValidFor / 2, TimeSpan.Zero, null);
        }

        public Task ReleaseAsync(ReleaseLease request) => HearAsync(request);

        public Task HoldOffAsync(HoldOff request) => HearAsync(request);

        public Task<LimitsInForce> SetLimitsAsync(SetLimits request) => throw new NotSupportedException("No keeper sets limits.");

        private Task HearAsync(object message)
        {
            _messages.Writer.TryWrite(message);
            return Interlocked.Exchange(ref _fail, null) is { } error ? Task.FromException(error) : Task.CompletedTask;
        }
    }

    /// <summary>A grain factory, whatever else the runtime's interface asks of one, that knows one grain.</summary>
    public class OneGrain : DispatchProxy
    {
        private object _grain = null!;

        internal static IGrainFactory For(IUpstreamGrain grain)
        {
            var factory = Create<IGrainFactory, OneGrain>();
            ((OneGrain)(object)factory)._grain = grain;
            return factory;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _grain;
    }
}
