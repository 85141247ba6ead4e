using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Orleans.Storage;

namespace OrleansBulk.Tests.Embedded;

public sealed class TurnsGrain(IGrainFactory grains) : Grain, ITurnsGrain
{
    private int _count;

    public Task<int> IncrementAsync() => Task.FromResult(++_count);

    public async Task IncrementSlowlyAsync()
    {
        var before = _count;
        await Task.Yield();
        _count = before + 1;
    }

    public async Task HoldAsync(string gate)
    {
        ConformanceGates.Open(gate + "/begun");
        await ConformanceGates.PassAsync(gate);
    }

    public Task ReadAsync(string gate) => HoldAsync(gate);

    public Task<int> PeekAsync() => Task.FromResult(_count);

    public async Task WaitForCancellationAsync(string gate, CancellationToken cancellationToken)
    {
        ConformanceGates.Open(gate + "/begun");
        try
        {
            await ConformanceGates.PassAsync(gate + "/never", cancellationToken);
        }
        finally
        {
            ConformanceGates.Open(gate + "/left");
        }
    }

    public async Task<bool> StaysOnItsTurnAsync()
    {
        var scheduler = TaskScheduler.Current;
        await Task.Yield();
        await Task.Run(() => { });
        return scheduler != TaskScheduler.Default && TaskScheduler.Current == scheduler && GrainFactory is not null;
    }

    public async Task<string> UseFactoryOffTurnAsync()
    {
        try
        {
            await Task.Run(() => GrainFactory.GetGrain<ITurnsGrain>("other"));
            return "allowed";
        }
        catch (InvalidOperationException)
        {
            return "refused";
        }
    }

    public Task<int> CallOtherAsync(string key) => grains.GetGrain<ITurnsGrain>(key).IncrementAsync();

    public ValueTask<ImmutableArray<string>> KeysAsync() =>
        new([this.GetPrimaryKeyString(), grains.GetGrain<ITurnsGrain>("job/other").GetPrimaryKeyString()]);
}

[Reentrant]
public sealed class ReentrantGrain(IGrainFactory grains) : Grain, IReentrantGrain
{
    public async Task<int> CallSelfAsync(int depth) =>
        depth == 0 ? 0 : 1 + await grains.GetGrain<IReentrantGrain>(this.GetPrimaryKeyString()).CallSelfAsync(depth - 1);
}

[GenerateSerializer, Alias("conformance-state")]
public sealed class LifeState
{
    [Id(0)]
    public string Text { get; set; } = "";
}

public sealed class LifeGrain([PersistentState("life")] IPersistentState<LifeState> state) : Grain, ILifeGrain
{
    private readonly Guid _me = Guid.NewGuid();
    private int _ticksLeft;

    private string Key => this.GetPrimaryKeyString();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        ConformanceGates.Open(Key + "/activated");
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        ConformanceGates.Open(Key + "/deactivated/" + reason.ReasonCode);
        return Task.CompletedTask;
    }

    public Task<Guid> WhoAsync() => Task.FromResult(_me);

    public Task DeactivateAsync()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task FailStaleAsync() => throw new InconsistentStateException("Another writer came first.");

    public Task StartTimerAsync(int ticks)
    {
        _ticksLeft = ticks;
        IGrainTimer? timer = null;
        timer = this.RegisterGrainTimer(
            (key, _) =>
            {
                if (--_ticksLeft > 0) return Task.CompletedTask;
                timer!.Dispose();
                ConformanceGates.Open(key + "/ticked");
                return Task.CompletedTask;
            },
            Key,
            new GrainTimerCreationOptions { DueTime = TimeSpan.FromMilliseconds(5), Period = TimeSpan.FromMilliseconds(5) });
        return Task.CompletedTask;
    }

    public Task SaveAsync(string text)
    {
        state.State.Text = text;
        return state.WriteStateAsync();
    }

    public Task<string> LoadAsync() => Task.FromResult(state.RecordExists ? state.State.Text : "nothing");

    public Task ClearAsync() => state.ClearStateAsync();
}

public sealed class FailingActivationGrain : Grain, IFailingActivationGrain
{
    public override Task OnActivateAsync(CancellationToken cancellationToken) => throw new ConformanceException("cannot activate", 7);

    public Task CallAsync() => Task.CompletedTask;
}

public sealed class MessagesGrain : Grain, IMessagesGrain
{
    public Task<Note> EchoAsync(Note note) => Task.FromResult(note);

    public ValueTask<Shape> GrowAsync(Shape shape, double factor) => new(shape switch
    {
        Circle circle => new Circle(circle.Radius * factor),
        Square square => new Square(square.Side * factor),
        _ => throw new ArgumentException($"Unknown shape {shape}.", nameof(shape)),
    });

    public async Task FailAsync(string kind)
    {
        await Task.Yield();
        throw kind switch
        {
            "attributed" => new ConformanceException("attributed", 42),
            "argument" => new ArgumentException("argument"),
            "timeout" => new TimeoutException("timeout"),
            _ => new InvalidOperationException(kind),
        };
    }
}

public sealed class StreamGrain : Grain, IStreamGrain
{
    public async IAsyncEnumerable<int> CountAsync(int to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var i = 1; i <= to; i++)
        {
            if (i % 7 == 0) await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            yield return i;
        }
    }

    public async IAsyncEnumerable<int> QuietAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var key = this.GetPrimaryKeyString();
        try
        {
            yield return 1;
            ConformanceGates.Open(key + "/begun");
            await ConformanceGates.PassAsync(key + "/never", cancellationToken);
        }
        finally
        {
            ConformanceGates.Open(key + "/left");
        }
    }

    public async IAsyncEnumerable<int> FailingAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return 1;
        await Task.Yield();
        yield return 2;
        throw new ConformanceException("stream", 3);
    }

    public Task DeactivateAsync()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}
