using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Orleans.Runtime;

/// <summary>
/// Checks, when the silo starts, that everything which passes between grains would pass between machines as well, and that caller and
/// callee may share it uncopied: deeply immutable, attributed, numbered and closed types only. Collects all faults, then throws once.
/// </summary>
internal sealed class ContractCheck
{
    private const string Sendable =
        "a primitive, string, Guid, DateTimeOffset, TimeSpan, enum, ImmutableArray, ImmutableDictionary, grain interface, "
        + "or a sealed immutable type with [GenerateSerializer, Immutable, Alias]";

    private static readonly HashSet<Type> s_plain =
    [
        typeof(string), typeof(decimal), typeof(Guid), typeof(DateTime), typeof(DateTimeOffset), typeof(DateOnly), typeof(TimeOnly), typeof(TimeSpan),
        typeof(Uri), typeof(Version), typeof(Int128), typeof(UInt128), typeof(Half),
    ];

    private static readonly HashSet<Type> s_collections =
    [
        typeof(ImmutableArray<>), typeof(ImmutableList<>), typeof(ImmutableDictionary<,>), typeof(ImmutableSortedDictionary<,>),
        typeof(ImmutableHashSet<>), typeof(ImmutableSortedSet<>), typeof(ImmutableQueue<>), typeof(ImmutableStack<>),
    ];

    private static readonly HashSet<Type> s_answers = [typeof(Task<>), typeof(ValueTask<>), typeof(IAsyncEnumerable<>)];

    private readonly List<string> _faults = [];
    private readonly HashSet<Type> _seen = [];
    private readonly Dictionary<string, Type> _typeAliases = new(StringComparer.Ordinal);

    /// <exception cref="OrleansConfigurationException">Names each type and member with what was found and what is wanted.</exception>
    public static void Verify(IEnumerable<Type> grainInterfaces, IEnumerable<Type> grainClasses, IEnumerable<Type> exceptions)
    {
        var check = new ContractCheck();
        foreach (var grainInterface in grainInterfaces) check.Interface(grainInterface);
        foreach (var grainClass in grainClasses) check.Class(grainClass);
        foreach (var exception in exceptions) check.Members(exception, mustBeReadOnly: false);
        if (check._faults.Count == 0) return;
        throw new OrleansConfigurationException(string.Join(Environment.NewLine, check._faults.Prepend($"{check._faults.Count} grain contract fault(s):")));
    }

    /// <summary>The methods of a grain interface, those of its bases included.</summary>
    public static IEnumerable<MethodInfo> MethodsOf(Type grainInterface) =>
        grainInterface.GetInterfaces().Prepend(grainInterface).SelectMany(i => i.GetMethods(BindingFlags.Instance | BindingFlags.Public));

    private void Interface(Type type)
    {
        if (type.IsGenericType) Fault(Name(type), "a generic grain interface", "one without type parameters");
        Alias(type, Name(type));
        var aliases = new Dictionary<string, MethodInfo>(StringComparer.Ordinal);
        foreach (var method in MethodsOf(type))
        {
            var where = $"{Name(method.DeclaringType!)}.{method.Name}";
            if (method.GetCustomAttributes<AliasAttribute>().FirstOrDefault()?.Alias is not { } alias) Fault(where, "no [Alias]", "one");
            else if (!aliases.TryAdd(alias, method)) Fault(where, $"[Alias(\"{alias}\")], which {aliases[alias].Name} has too", "one of its own");
            Method(method, where);
        }
    }

    private void Method(MethodInfo method, string where)
    {
        if (method.IsSpecialName || method.IsGenericMethod) Fault(where, "a property, event or generic method", "a plain method");
        if (method.GetParameters().Count(p => p.ParameterType == typeof(CancellationToken)) > 1) Fault(where, "several CancellationTokens", "one at most");
        foreach (var parameter in method.GetParameters().Where(p => p.ParameterType != typeof(CancellationToken)))
            Value(parameter.ParameterType, $"{where}, parameter '{parameter.Name}'");

        var result = method.ReturnType;
        if (result == typeof(Task) || result == typeof(ValueTask)) return;
        if (result.IsGenericType && s_answers.Contains(result.GetGenericTypeDefinition()))
            Value(result.GetGenericArguments()[0], $"{where}, result");
        else
            Fault($"{where}, result", Name(result), "Task, Task<T>, ValueTask, ValueTask<T> or IAsyncEnumerable<T>");
    }

    private void Class(Type type)
    {
        if (type.IsGenericTypeDefinition) Fault(Name(type), "a generic grain class", "one without type parameters");
        if (type.GetConstructors().Length != 1) Fault(Name(type), $"{type.GetConstructors().Length} public constructors", "one");
        foreach (var parameter in GrainClass.StateParametersOf(type))
        {
            var where = $"{Name(type)}, parameter '{parameter.Name}'";
            if (!parameter.ParameterType.IsGenericType || parameter.ParameterType.GetGenericTypeDefinition() != typeof(IPersistentState<>))
            {
                Fault(where, Name(parameter.ParameterType), "IPersistentState<T>");
                continue;
            }
            var state = parameter.ParameterType.GetGenericArguments()[0];
            if (!HasSerializer(state)) Fault(where, $"state {Name(state)} without [GenerateSerializer]", "one with it");
            if (!state.IsValueType && state.GetConstructor([]) is null)
                Fault(where, $"state {Name(state)} without a public parameterless constructor", "one with it");
            Members(state, mustBeReadOnly: false);
        }
    }

    /// <summary>A type that a message may hold.</summary>
    private void Value(Type type, string where)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsPrimitive || type.IsEnum || s_plain.Contains(type)) return;
        if (type.IsGenericType && (s_collections.Contains(type.GetGenericTypeDefinition()) || (type.IsValueType && type.IsAssignableTo(typeof(ITuple)))))
        {
            foreach (var argument in type.GetGenericArguments()) Value(argument, where);
            return;
        }
        if (type.IsInterface && type.IsAssignableTo(typeof(IGrainWithStringKey))) return;
        if (!_seen.Add(type)) return;

        if (!HasSerializer(type))
        {
            Fault(where, Name(type), Sendable);
            return;
        }
        Alias(type, Name(type));
        if (!type.IsDefined(typeof(ImmutableAttribute), false)) Fault(Name(type), "no [Immutable]", "one");
        Members(type, mustBeReadOnly: true);
        if (type.IsAbstract) Derived(type);
        else if (!type.IsSealed) Fault(Name(type), "an open class", "a sealed one, or an abstract one whose derived types are sealed");
    }

    private void Derived(Type type)
    {
        var derived = type.Assembly.GetTypes().Where(t => t.BaseType == type).ToArray();
        if (derived.Length == 0) Fault(Name(type), "an abstract type without derived ones in its assembly", "a closed hierarchy");
        foreach (var each in derived) Value(each, Name(each));
    }

    /// <summary>The fields of a type and its bases: each numbered, and set once only where <paramref name="mustBeReadOnly"/>.</summary>
    private void Members(Type type, bool mustBeReadOnly)
    {
        for (var level = type; level is not null && HasSerializer(level) && level.Assembly != typeof(ContractCheck).Assembly; level = level.BaseType)
        {
            var ids = new Dictionary<uint, string>();
            foreach (var field in level.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                var name = field.Name.StartsWith('<') ? field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)] : field.Name;
                var where = $"{Name(level)}.{name}";
                if (IdOf(level, field, name) is not { } id) Fault(where, "no [Id]", "one");
                else if (!ids.TryAdd(id, name)) Fault(where, $"[Id({id})], which {ids[id]} has too", "one of its own");
                if (!mustBeReadOnly) continue;
                if (!field.IsInitOnly) Fault(where, "a member that can be set", "one that is read-only or init-only");
                Value(field.FieldType, where);
            }
        }
    }

    private static uint? IdOf(Type type, FieldInfo field, string name)
    {
        const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var parameters = type.GetConstructors(Own).SelectMany(c => c.GetParameters()).Where(p => p.Name == name);
        var id = field.GetCustomAttribute<IdAttribute>()
            ?? type.GetProperty(name, Own)?.GetCustomAttribute<IdAttribute>()
            ?? parameters.Select(p => p.GetCustomAttribute<IdAttribute>()).FirstOrDefault(a => a is not null);
        return id?.Id;
    }

    private void Alias(Type type, string where)
    {
        var definition = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        if (definition.GetCustomAttributes<AliasAttribute>(false).FirstOrDefault()?.Alias is not { } alias)
            Fault(where, "no [Alias]", "one");
        else if (!_typeAliases.TryAdd(alias, definition) && _typeAliases[alias] != definition)
            Fault(where, $"[Alias(\"{alias}\")], which {Name(_typeAliases[alias])} has too", "one of its own");
    }

    private void Fault(string where, string found, string wanted)
    {
        var fault = $"- {where}: found {found}; wanted {wanted}.";
        if (!_faults.Contains(fault)) _faults.Add(fault);
    }

    private static bool HasSerializer(Type type) => type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false);

    private static string Name(Type type) => type.IsGenericType && !type.IsGenericTypeDefinition
        ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
        : type.Name;
}
