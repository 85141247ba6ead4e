using System.Collections.Concurrent;
using System.Reflection;
using Orleans.Concurrency;

namespace Orleans.Runtime;

/// <summary>What the silo knows of one grain class, and the activations of it: at most one per key.</summary>
internal sealed class GrainClass
{
    private static readonly MethodInfo s_addState = typeof(Activation).GetMethod(nameof(Activation.AddState))!;

    private readonly EmbeddedSilo _silo;
    private readonly ConcurrentDictionary<string, Activation> _activations = new(StringComparer.Ordinal);
    private readonly ObjectFactory _factory;
    private readonly Func<Activation, object>[] _states;

    public GrainClass(EmbeddedSilo silo, Type type)
    {
        (_silo, Type) = (silo, type);
        GrainType = GrainType.Create(NameOf(type));
        IsReentrant = type.IsDefined(typeof(ReentrantAttribute));
        CollectionAge = silo.Options.CollectionAgeOf(type.GetCustomAttribute<CollectionAgeLimitAttribute>());
        var states = StateParametersOf(type).ToArray();
        _states = [.. states.Select(AddState)];
        _factory = ActivatorUtilities.CreateFactory(type, [.. states.Select(p => p.ParameterType)]);
    }

    public Type Type { get; }

    public GrainType GrainType { get; }

    public bool IsReentrant { get; }

    /// <summary>Null: never collected for being idle.</summary>
    public TimeSpan? CollectionAge { get; }

    public int Count => _activations.Count;

    public IEnumerable<Activation> Activations => _activations.Select(pair => pair.Value);

    public static IEnumerable<ParameterInfo> StateParametersOf(Type type) =>
        type.GetConstructors().SelectMany(c => c.GetParameters()).Where(p => p.IsDefined(typeof(PersistentStateAttribute)));

    public Activation GetOrAdd(string key)
    {
        if (_activations.TryGetValue(key, out var found)) return found;
        var fresh = new Activation(_silo, this, key);
        var activation = _activations.GetOrAdd(key, fresh);
        if (ReferenceEquals(activation, fresh)) _silo.Ceiling.Add(fresh);
        return activation;
    }

    public void Remove(Activation activation)
    {
        _activations.TryRemove(KeyValuePair.Create(activation.Key, activation));
        _silo.Ceiling.Remove(activation);
    }

    public Grain Create(Activation activation) =>
        (Grain)_factory(activation.Services, [.. _states.Select(add => add(activation))]);

    private static Func<Activation, object> AddState(ParameterInfo parameter)
    {
        var attribute = parameter.GetCustomAttribute<PersistentStateAttribute>()!;
        var method = s_addState.MakeGenericMethod(parameter.ParameterType.GetGenericArguments());
        var add = method.CreateDelegate<Func<Activation, PersistentStateAttribute, object>>();
        return activation => add(activation, attribute);
    }

    private static string NameOf(Type type)
    {
        var name = type.Name;
        if (name.Length > 5 && name.EndsWith("Grain", StringComparison.OrdinalIgnoreCase)) name = name[..^5];
#pragma warning disable CA1308 // The other runtime's names are in lower case.
        return name.ToLowerInvariant();
#pragma warning restore CA1308
    }
}
