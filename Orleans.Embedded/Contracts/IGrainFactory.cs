namespace Orleans;

/// <summary>Makes references to grains. A reference is cheap, holds nothing alive and exists before its grain does.</summary>
public interface IGrainFactory
{
    /// <param name="primaryKey">Not empty.</param>
    /// <param name="grainClassNamePrefix">Must be null: an interface has exactly one class here.</param>
    TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey;

    IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey);
}

/// <summary>Calls grains from outside of grains.</summary>
public interface IClusterClient : IGrainFactory
{
    IServiceProvider ServiceProvider { get; }
}
