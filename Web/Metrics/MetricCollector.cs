using System.Diagnostics.Metrics;
using System.Numerics;

namespace OrleansBulk.Web.Metrics;

/// <summary>
/// Listens to the meters of this host from its start and keeps what they say, for <c>/metrics</c>. Meters of another host in the same process (they carry
/// its meter factory) are not heard.
/// </summary>
public sealed partial class MetricCollector : IHostedService, IDisposable
{
    private readonly IMeterFactory _factory;
    private readonly ILogger<MetricCollector> _logger;
    private readonly MeterListener _listener = new();

    // Families by name, and every name they take (a histogram takes four). Under the lock; a measurement finds its family in the listener's state.
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly HashSet<string> _taken = [];

    public MetricCollector(IMeterFactory factory, ILogger<MetricCollector> logger)
    {
        (_factory, _logger) = (factory, logger);
        _listener.InstrumentPublished = Publish;
        Hear<double>();
        Hear<float>();
        Hear<long>();
        Hear<int>();
        Hear<short>();
        Hear<byte>();
        Hear<decimal>();
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _listener.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _listener.Dispose();

    /// <summary>Asks the observable instruments and writes everything as Prometheus text.</summary>
    public string Collect()
    {
        lock (_lock)
        {
            foreach (var family in _families.Values)
            {
                family.BeginCollection();
            }

            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException errors)
            {
                LogObserveFailed(errors); // one gauge that throws must not hide all others
            }

            foreach (var family in _families.Values)
            {
                family.EndCollection();
            }

            return PrometheusText.Write(_families.Values);
        }
    }

    private void Hear<T>()
        where T : struct, INumber<T> => _listener.SetMeasurementEventCallback<T>(static (instrument, value, tags, state) =>
        {
            var family = (MetricFamily)state!;
            if (instrument.IsObservable || IsGauge(instrument))
            {
                family.Set(double.CreateSaturating(value), tags);
            }
            else
            {
                family.Add(double.CreateSaturating(value), tags);
            }
        });

    private void Publish(Instrument instrument, MeterListener listener)
    {
        if (!MetricSelection.Takes(instrument) || (instrument.Meter.Scope is { } scope && !ReferenceEquals(scope, _factory)))
        {
            return;
        }

        lock (_lock)
        {
            if (FamilyOf(instrument) is { } family)
            {
                listener.EnableMeasurementEvents(instrument, family);
            }
        }
    }

    private MetricFamily? FamilyOf(Instrument instrument)
    {
        var kind = KindOf(instrument);
        var name = PrometheusName.Metric(instrument.Name, instrument.Unit, kind);
        if (_families.TryGetValue(name, out var known) && known.Kind == kind && known.Observed == instrument.IsObservable)
        {
            return known; // the same instrument made twice, or its like in two meters: one family
        }

        string[] names = kind == MetricKind.Histogram ? [name, name + "_bucket", name + "_sum", name + "_count"] : [name];
        if (Array.Exists(names, _taken.Contains))
        {
            LogNameTaken(instrument.Meter.Name, instrument.Name, name);
            return null;
        }

        _taken.UnionWith(names);
        var help = instrument.Description is { Length: > 0 } description ? description : $"{instrument.Name} of {instrument.Meter.Name}.";
        return _families[name] = new(name, help, kind, instrument.IsObservable, kind == MetricKind.Histogram ? HistogramBounds.Of(instrument) : []);
    }

    private static MetricKind KindOf(Instrument instrument)
    {
        if (instrument is { Meter.Name: "System.Runtime", Name: "dotnet.thread_pool.queue.length" or "dotnet.thread_pool.thread.count" })
        {
            return MetricKind.Gauge; // the runtime declares them as counters, but they fall
        }

        var type = instrument.GetType();
        while (!type.IsGenericType)
        {
            type = type.BaseType!;
        }

        var definition = type.GetGenericTypeDefinition();
        return definition == typeof(Counter<>) || definition == typeof(ObservableCounter<>) ? MetricKind.Counter
            : definition == typeof(Histogram<>) ? MetricKind.Histogram
            : MetricKind.Gauge;
    }

    private static bool IsGauge(Instrument instrument) => instrument is
        Gauge<double> or Gauge<float> or Gauge<long> or Gauge<int> or Gauge<short> or Gauge<byte> or Gauge<decimal>;

    [LoggerMessage(Level = LogLevel.Warning, Message = "An observable instrument failed; the others were collected.")]
    private partial void LogObserveFailed(Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Meter}/{Instrument} is left out of /metrics: the name {Name} is taken by an instrument of another kind.")]
    private partial void LogNameTaken(string meter, string instrument, string name);
}
