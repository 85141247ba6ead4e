using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>The stored state is not the one that was read: another writer came first. The activation that lets this escape is deactivated.</summary>
[GenerateSerializer]
public class InconsistentStateException : OrleansException
{
    public InconsistentStateException() { }

    public InconsistentStateException(string message) : base(message) { }

    public InconsistentStateException(string message, Exception? innerException) : base(message, innerException!) { }

    public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag, Exception? storageException = null)
        : base(errorMsg, storageException!) => (StoredEtag, CurrentEtag) = (storedEtag, currentEtag);

    [Id(0)]
    internal bool IsSourceActivation { get; set; } = true;

    [Id(1)]
    public string? StoredEtag { get; private set; }

    [Id(2)]
    public string? CurrentEtag { get; private set; }
}
