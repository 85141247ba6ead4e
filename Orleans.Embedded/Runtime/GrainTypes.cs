using System.Reflection;

namespace Orleans.Runtime;

/// <summary>Finds the grain classes of a set of assemblies, and what comes with them.</summary>
internal static class GrainTypes
{
    public static IReadOnlyList<Type> ClassesOf(IEnumerable<Assembly> assemblies) =>
        [.. assemblies.SelectMany(a => a.GetTypes()).Where(t => !t.IsAbstract && t.IsSubclassOf(typeof(Grain)) && OwnInterfacesOf(t).Any())];

    /// <summary>Each grain interface with the one class that implements it.</summary>
    public static IReadOnlyDictionary<Type, Type> InterfacesOf(IEnumerable<Type> classes)
    {
        var found = new Dictionary<Type, Type>();
        foreach (var type in classes)
        {
            foreach (var grainInterface in OwnInterfacesOf(type))
            {
                if (found.TryAdd(grainInterface, type)) continue;
                throw new OrleansConfigurationException(
                    $"{grainInterface.Name} is implemented by {found[grainInterface].Name} and {type.Name}; wanted one grain class per interface.");
            }
        }
        return found;
    }

    /// <summary>The exception types that claim to cross, from the assemblies of grains and of their contracts.</summary>
    public static IEnumerable<Type> ExceptionsOf(IEnumerable<Assembly> assemblies, IEnumerable<Type> grainInterfaces) =>
        assemblies.Concat(grainInterfaces.Select(i => i.Assembly)).Distinct().SelectMany(a => a.GetTypes())
            .Where(t => t.IsSubclassOf(typeof(Exception)) && t.IsDefined(typeof(GenerateSerializerAttribute), inherit: false));

    private static IEnumerable<Type> OwnInterfacesOf(Type type) =>
        type.GetInterfaces().Where(i => i != typeof(IGrainWithStringKey) && i.IsAssignableTo(typeof(IGrainWithStringKey)));
}
