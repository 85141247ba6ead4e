using System.Collections.Concurrent;

namespace OrleansBulk.Tests.Embedded;

/// <summary>A grain that does what its test says: a call names a script, and the script is code of the test, run on the grain's turn.</summary>
[Alias("probe")]
internal interface IProbeGrain : IGrainWithStringKey
{
    [Alias("run")]
    Task<string> RunAsync(string script);

    [AlwaysInterleave, Alias("run-beside")]
    Task<string> RunBesideAsync(string script);

    [Alias("run-cancellable")]
    Task<string> RunCancellableAsync(string script, CancellationToken cancellationToken);

    [Alias("stream")]
    IAsyncEnumerable<int> StreamAsync(string script, CancellationToken cancellationToken);
}

/// <summary>Its age limit is the least there is, a minute; the silo's default in tests is longer.</summary>
[Alias("short-lived-probe")]
internal interface IShortLivedProbeGrain : IGrainWithStringKey
{
    [Alias("run")]
    Task<string> RunAsync(string script);
}

internal static class Probe
{
    private static readonly ConcurrentDictionary<string, Func<ProbeGrain, CancellationToken, Task<string>>> s_scripts = new();
    private static readonly ConcurrentDictionary<string, Func<CancellationToken, IAsyncEnumerable<int>>> s_streams = new();

    /// <summary>Run by each activation of the key, in its life's order.</summary>
    public static readonly ConcurrentDictionary<string, Func<ProbeGrain, Task>> Activating = new(), Deactivating = new();

    public static string Script(Func<ProbeGrain, CancellationToken, Task<string>> script)
    {
        var name = Guid.NewGuid().ToString();
        s_scripts[name] = script;
        return name;
    }

    public static string Script(Func<ProbeGrain, Task> script) => Script(async (grain, _) =>
    {
        await script(grain);
        return "";
    });

    public static string Script(Action<ProbeGrain> script) => Script((grain, _) =>
    {
        script(grain);
        return Task.FromResult("");
    });

    public static string Tell(Func<ProbeGrain, string> script) => Script((grain, _) => Task.FromResult(script(grain)));

    public static string Nothing { get; } = Tell(_ => "");

    public static string Stream(Func<CancellationToken, IAsyncEnumerable<int>> stream)
    {
        var name = Guid.NewGuid().ToString();
        s_streams[name] = stream;
        return name;
    }

    public static Task<string> PlayAsync(string script, ProbeGrain grain, CancellationToken cancellationToken) => s_scripts[script](grain, cancellationToken);

    public static IAsyncEnumerable<int> PlayStream(string script, CancellationToken cancellationToken) => s_streams[script](cancellationToken);
}

internal sealed class ProbeGrain : Grain, IProbeGrain, IDisposable
{
    public Guid Me { get; } = Guid.NewGuid();

    public DeactivationReason Reason { get; private set; }

    public bool IsDisposed { get; private set; }

    public IGrainFactory Factory => GrainFactory;

    public IServiceProvider ScopedServices => ServiceProvider;

    public string Key => this.GetPrimaryKeyString();

    public void EndWhenIdle() => DeactivateOnIdle();

    public void Delay(TimeSpan delay) => DelayDeactivation(delay);

    public override Task OnActivateAsync(CancellationToken cancellationToken) =>
        Probe.Activating.TryGetValue(Key, out var script) ? script(this) : Task.CompletedTask;

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Reason = reason;
        return Probe.Deactivating.TryGetValue(Key, out var script) ? script(this) : Task.CompletedTask;
    }

    public Task<string> RunAsync(string script) => Probe.PlayAsync(script, this, CancellationToken.None);

    public Task<string> RunBesideAsync(string script) => RunAsync(script);

    public Task<string> RunCancellableAsync(string script, CancellationToken cancellationToken) => Probe.PlayAsync(script, this, cancellationToken);

    public IAsyncEnumerable<int> StreamAsync(string script, CancellationToken cancellationToken) => Probe.PlayStream(script, cancellationToken);

    public void Dispose() => IsDisposed = true;
}

[CollectionAgeLimit(Minutes = 1)]
internal sealed class ShortLivedProbeGrain : Grain, IShortLivedProbeGrain
{
    public Task<string> RunAsync(string script) => Task.FromResult("");
}
