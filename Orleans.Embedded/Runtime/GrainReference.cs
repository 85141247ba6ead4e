using System.Reflection;

namespace Orleans.Runtime;

/// <summary>
/// Base of the generated references. One prototype is generated per interface; a reference to a key is a shallow copy of it, so that
/// a million keys cost a million small objects which nothing else holds.
/// </summary>
public class GrainReference : DispatchProxy, IAddressable
{
    private Dictionary<MethodInfo, GrainMethod> _methods = null!;
    private GrainClass _class = null!;

    internal EmbeddedSilo Silo { get; private set; } = null!;

    internal string Key { get; private set; } = "";

    internal GrainClass Class => _class;

    internal GrainId Id => new(_class.GrainType, IdSpan.Create(Key));

    internal static GrainReference Prototype(EmbeddedSilo silo, Type grainInterface, GrainClass grainClass)
    {
        var prototype = (GrainReference)Create(grainInterface, typeof(GrainReference));
        prototype.Silo = silo;
        prototype._class = grainClass;
        prototype._methods = ContractCheck.MethodsOf(grainInterface).ToDictionary(m => m, GrainMethod.Of);
        return prototype;
    }

    internal GrainReference To(string key)
    {
        var reference = (GrainReference)MemberwiseClone();
        reference.Key = key;
        return reference;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _methods[targetMethod!].Call(this, args ?? []);

    public override bool Equals(object? obj) => obj is GrainReference other && other.GetType() == GetType() && other._class == _class && other.Key == Key;

    public override int GetHashCode() => HashCode.Combine(_class, Key);

    public override string ToString() => Id.ToString();
}
