namespace OrleansBulk;

/// <summary>Names this process among the silos: in leases, as owner of jobs, in logs.</summary>
/// <param name="Name">Different for every start of every silo.</param>
/// <param name="OwnsCluster">True when this process is the only one there can be (the embedded runtime): what ran before it is dead.</param>
public sealed record SiloIdentity(string Name, bool OwnsCluster);
