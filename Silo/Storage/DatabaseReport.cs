namespace OrleansBulk.Storage;

/// <param name="Bytes">On disk, indexes included.</param>
/// <param name="Connections">To the whole server, by whomever.</param>
/// <param name="Lanes">Connections to this database by what they call themselves.</param>
/// <param name="Owners">Who holds the database for its grains.</param>
public sealed record DatabaseReport(
    string Version, string Name, long Bytes, DateTimeOffset StartedAt, int MaxConnections, long Connections,
    IReadOnlyList<DatabaseLane> Lanes, IReadOnlyList<AppliedMigration> Migrations, IReadOnlyList<DatabaseOwner> Owners);

/// <param name="Open">Connections.</param>
/// <param name="Busy">Those among them that run a statement or a transaction.</param>
public sealed record DatabaseLane(string Name, long Open, long Busy);

public sealed record AppliedMigration(string Name, DateTimeOffset At);

/// <param name="Silo">Its name; of each start another one.</param>
/// <param name="Exclusive">Alone (embedded) or with others (cluster).</param>
public sealed record DatabaseOwner(string Silo, bool Exclusive, DateTimeOffset Since);
