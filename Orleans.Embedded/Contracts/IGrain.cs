using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>Anything that a message can be addressed to: a grain or a reference to one.</summary>
    public interface IAddressable;
}

namespace Orleans
{
    /// <summary>The root of all grain interfaces.</summary>
    public interface IGrain : IAddressable;

    /// <summary>A grain interface whose grains are told apart by a string, the only kind of key offered here.</summary>
    public interface IGrainWithStringKey : IGrain;
}
