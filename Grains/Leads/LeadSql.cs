namespace OrleansBulk.Leads;

/// <summary>How leads come to be, for one request and for a job alike.</summary>
internal static class LeadSql
{
    /// <summary>A UUIDv7 of the moment $1: the order of ids is the order of creation.</summary>
    private const string NewId = """
        encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING substring(int8send(floor(extract(epoch FROM $1::timestamptz) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
        """;

    /// <summary>
    /// Two CTEs behind one named wanted (npi): added are the leads that were made of active providers that were none, and their histories begin. $1 is the moment, $2 the owner,
    /// $3 who did it. In the order of NPIs: two who save the same ones wait for each other and never crosswise. Providers are held while that goes on: what a lead takes over from
    /// one that is being changed is what it becomes, since the change finds no lead yet to take along.
    /// </summary>
    public const string Add = $"""
        added AS (
            INSERT INTO leads (id, npi, owner, created_at, updated_at, name, state, city, taxonomy)
            SELECT {NewId}, w.npi, $2, $1, $1, p.name, p.state, p.city, p.taxonomy FROM (SELECT DISTINCT npi FROM wanted) w JOIN providers p ON p.npi = w.npi AND p.status = 'active'
            WHERE NOT EXISTS (SELECT FROM leads l WHERE l.npi = w.npi)
            ORDER BY w.npi FOR SHARE OF p
            ON CONFLICT (npi) DO NOTHING
            RETURNING id, npi
        ), told AS (
            INSERT INTO lead_history (lead_id, at, who, to_status) SELECT id, $1, $3, 'new' FROM added
        )
        """;
}
