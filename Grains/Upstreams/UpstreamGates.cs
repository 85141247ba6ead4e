using System.Collections.Concurrent;
using System.Net;

namespace OrleansBulk.Upstreams;

/// <summary>This silo's gates and clients, one per upstream, made when first asked for; and the loops that keep their leases.</summary>
public sealed class UpstreamGates : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<Door>> _doors = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly UpstreamCatalog _catalog;
    private readonly IGrainFactory? _grains;
    private readonly SiloIdentity _silo;
    private readonly TimeProvider _time;
    private readonly UpstreamMetrics _metrics;
    private readonly ILogger<UpstreamGates> _log;

    /// <param name="grains">Null where one gate owns each upstream (tests of adapters): no leases then.</param>
    public UpstreamGates(UpstreamCatalog catalog, IGrainFactory? grains, SiloIdentity silo, TimeProvider time, UpstreamMetrics metrics, ILogger<UpstreamGates> log)
    {
        _catalog = catalog;
        _grains = grains;
        _silo = silo;
        _time = time;
        _metrics = metrics;
        _log = log;
    }

    public UpstreamCatalog Catalog => _catalog;

    public UpstreamClient Client(string upstream) => Open(upstream).Client;

    /// <summary>The gates in use on this silo.</summary>
    public IReadOnlyList<GateView> Look() => [.. _doors.Values.Select(door => door.Value.Gate.Look()).OrderBy(view => view.Upstream, StringComparer.Ordinal)];

    /// <summary>One gate; makes it when it is not in use yet.</summary>
    public GateView Look(string upstream) => Open(upstream).Gate.Look();

    /// <summary>One gate closely; null when it is not in use on this silo.</summary>
    public (GateView View, GateDetails Details)? LookCloser(string upstream) =>
        _doors.TryGetValue(upstream, out var door) ? (door.Value.Gate.Look(), door.Value.Gate.LookCloser()) : null;

    /// <summary>Gives back who waits, and the leases. Called when the silo stops, before its grains do.</summary>
    public async Task CloseAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        await _stop.CancelAsync();
        foreach (var door in _doors.Values)
        {
            door.Value.Gate.Close();
        }

        await Task.WhenAll(_doors.Values.Select(door => door.Value.Keeping));
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        foreach (var door in _doors.Values)
        {
            door.Value.Gate.Dispose();
            door.Value.Http.Dispose();
        }

        _stop.Dispose();
    }

    private Door Open(string upstream) => _doors.GetOrAdd(upstream, name => new Lazy<Door>(() => Make(name))).Value;

    private Door Make(string name)
    {
        var options = _catalog.Get(name);
        var gate = new UpstreamGate(options, _time, _log, leased: _grains is not null);
        var http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.All,
            ConnectTimeout = options.Timeout,
            MaxConnectionsPerServer = options.Concurrency,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            UseCookies = false,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan, // UpstreamClient times each call itself
        };
        var keeping = _grains is null ? Task.CompletedTask : new BudgetKeeper(gate, _grains, _silo, _time, _log).RunAsync(_stop.Token);
        return new Door(gate, http, new UpstreamClient(gate, http, _time, _metrics), keeping);
    }

    private sealed record Door(UpstreamGate Gate, HttpClient Http, UpstreamClient Client, Task Keeping);
}
