using System.Collections.Immutable;

namespace OrleansBulk.Tests.Embedded;

/// <summary>What the grains of the application rely on, in the smallest grains that show it. Keys name the gates that a test opens.</summary>
[Alias("conformance-turns")]
public interface ITurnsGrain : IGrainWithStringKey
{
    [Alias("increment")]
    Task<int> IncrementAsync();

    /// <summary>Adds one, over an await: two of these at once would lose a count.</summary>
    [Alias("increment-slowly")]
    Task IncrementSlowlyAsync();

    /// <summary>Tells that it has begun, then waits for the gate.</summary>
    [Alias("hold")]
    Task HoldAsync(string gate);

    [ReadOnly, Alias("read")]
    Task ReadAsync(string gate);

    [AlwaysInterleave, Alias("peek")]
    Task<int> PeekAsync();

    [Alias("wait-for-cancellation")]
    Task WaitForCancellationAsync(string gate, CancellationToken cancellationToken);

    [Alias("on-own-scheduler")]
    Task<bool> StaysOnItsTurnAsync();

    [Alias("on-own-factory")]
    Task<string> UseFactoryOffTurnAsync();

    [Alias("call-other")]
    Task<int> CallOtherAsync(string key);

    [Alias("keys")]
    ValueTask<ImmutableArray<string>> KeysAsync();
}

[Alias("conformance-reentrant")]
public interface IReentrantGrain : IGrainWithStringKey
{
    /// <summary>Calls itself through its reference.</summary>
    [Alias("call-self")]
    Task<int> CallSelfAsync(int depth);
}

[Alias("conformance-life")]
public interface ILifeGrain : IGrainWithStringKey
{
    /// <summary>A number that each activation has for itself.</summary>
    [Alias("who")]
    Task<Guid> WhoAsync();

    [Alias("deactivate")]
    Task DeactivateAsync();

    [Alias("fail-stale")]
    Task FailStaleAsync();

    [Alias("start-timer")]
    Task StartTimerAsync(int ticks);

    [Alias("save")]
    Task SaveAsync(string text);

    [Alias("load")]
    Task<string> LoadAsync();

    [Alias("clear")]
    Task ClearAsync();
}

[Alias("conformance-failing-activation")]
public interface IFailingActivationGrain : IGrainWithStringKey
{
    [Alias("call")]
    Task CallAsync();
}

[Alias("conformance-messages")]
public interface IMessagesGrain : IGrainWithStringKey
{
    [Alias("echo")]
    Task<Note> EchoAsync(Note note);

    [Alias("grow")]
    ValueTask<Shape> GrowAsync(Shape shape, double factor);

    [Alias("fail")]
    Task FailAsync(string kind);
}

[Alias("conformance-stream")]
public interface IStreamGrain : IGrainWithStringKey
{
    [Alias("count")]
    IAsyncEnumerable<int> CountAsync(int to, CancellationToken cancellationToken);

    /// <summary>One item, then silence until cancelled; the gates <c>key/begun</c> and <c>key/left</c> tell of it.</summary>
    [Alias("quiet")]
    IAsyncEnumerable<int> QuietAsync(CancellationToken cancellationToken);

    [Alias("failing")]
    IAsyncEnumerable<int> FailingAsync(CancellationToken cancellationToken);

    [Alias("deactivate-stream")]
    Task DeactivateAsync();
}

[GenerateSerializer, Alias("conformance-note"), Immutable]
public sealed record Note(
    [property: Id(0)] string Text,
    [property: Id(1)] ImmutableArray<int> Numbers,
    [property: Id(2)] ImmutableDictionary<string, DateTimeOffset> Times)
{
    [Id(3)]
    public TimeSpan? Age { get; init; }
}

[GenerateSerializer, Alias("conformance-shape"), Immutable]
public abstract record Shape;

[GenerateSerializer, Alias("conformance-circle"), Immutable]
public sealed record Circle([property: Id(0)] double Radius) : Shape;

[GenerateSerializer, Alias("conformance-square"), Immutable]
public sealed record Square([property: Id(0)] double Side) : Shape;

[GenerateSerializer, Alias("conformance-exception")]
public sealed class ConformanceException(string message, int code) : Exception(message)
{
    [Id(0)]
    public int Code { get; } = code;
}
