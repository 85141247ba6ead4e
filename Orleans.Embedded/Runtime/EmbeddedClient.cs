using System.Collections.Frozen;

namespace Orleans.Runtime;

/// <summary>Makes references to the grains of one silo.</summary>
internal sealed class EmbeddedClient(IServiceProvider services, FrozenDictionary<Type, GrainReference> prototypes) : IClusterClient
{
    public IServiceProvider ServiceProvider => services;

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey
    {
        if (grainClassNamePrefix is not null) throw new NotSupportedException("A class prefix tells apart classes of one interface, which has just one here.");
        return (TGrainInterface)(object)Reference(typeof(TGrainInterface), primaryKey);
    }

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey) => (IGrain)(object)Reference(grainInterfaceType, grainPrimaryKey);

    private GrainReference Reference(Type grainInterface, string key)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key);
        if (prototypes.TryGetValue(grainInterface, out var prototype)) return prototype.To(key);
        throw new ArgumentException(
            $"No grain class in the silo's assemblies implements {grainInterface}. Name its assembly in AddEmbeddedGrains.", nameof(grainInterface));
    }
}
