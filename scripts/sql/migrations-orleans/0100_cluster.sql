-- What silos of a cluster keep in common: who is a member, and the states of grains. The ADO.NET providers of Orleans 10 bring no statements of their own:
-- they read them from the table OrleansQuery by key, and send them with parameters (@Name) and expect columns ("Name") that are given names. The tables
-- behind the statements are free; these are ours.

CREATE TABLE OrleansQuery (
    QueryKey  text PRIMARY KEY,
    QueryText text NOT NULL
);

-- One row per cluster. Every change of the members raises the version, in the same statement and only if it still is the one that the silo has read: that makes
-- a change by two silos at once impossible, since the second one waits for the row and then finds another version.
CREATE TABLE cluster_versions (
    cluster_id text        PRIMARY KEY,
    version    integer     NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE cluster_members (
    cluster_id    text        NOT NULL REFERENCES cluster_versions ON DELETE CASCADE,
    address       text        NOT NULL,
    port          integer     NOT NULL,
    generation    integer     NOT NULL,              -- differs for every start at the same address and port
    silo_name     text        NOT NULL,
    host_name     text        NOT NULL,
    status        integer     NOT NULL,              -- 1 created, 2 joining, 3 active, 4 shutting down, 5 stopping, 6 dead
    gateway_port  integer     NOT NULL,              -- 0: takes no clients
    suspect_times text,                              -- which silos think it dead, and since when
    started_at    timestamptz NOT NULL,
    alive_at      timestamptz NOT NULL,
    PRIMARY KEY (cluster_id, address, port, generation)
) WITH (fillfactor = 50);

CREATE TABLE cluster_grain_state (
    service_id text        NOT NULL,
    name       text        NOT NULL,                 -- of the state within its grain
    key_high   bigint      NOT NULL,                 -- keys that are a number or a GUID; 0 for the others
    key_low    bigint      NOT NULL,
    key_text   text        NOT NULL,
    version    integer     NOT NULL,                 -- the ETag
    payload    bytea,                                -- null: cleared; the row stays, so that no version comes twice
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (service_id, name, key_text, key_high, key_low)
) WITH (fillfactor = 50);

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES
-- Members: reads. A cluster without members has a version all the same.
('MembershipReadAllKey', $sql$
    SELECT v.version AS "Version", m.address AS "Address", m.port AS "Port", m.generation AS "Generation", m.silo_name AS "SiloName", m.host_name AS "HostName",
           m.status AS "Status", m.gateway_port AS "ProxyPort", m.suspect_times AS "SuspectTimes", m.started_at AS "StartTime", m.alive_at AS "IAmAliveTime"
    FROM cluster_versions v LEFT JOIN cluster_members m ON m.cluster_id = v.cluster_id
    WHERE v.cluster_id = @DeploymentId
$sql$),
('MembershipReadRowKey', $sql$
    SELECT v.version AS "Version", m.address AS "Address", m.port AS "Port", m.generation AS "Generation", m.silo_name AS "SiloName", m.host_name AS "HostName",
           m.status AS "Status", m.gateway_port AS "ProxyPort", m.suspect_times AS "SuspectTimes", m.started_at AS "StartTime", m.alive_at AS "IAmAliveTime"
    FROM cluster_versions v LEFT JOIN cluster_members m
      ON m.cluster_id = v.cluster_id AND m.address = @Address AND m.port = @Port AND m.generation = @Generation
    WHERE v.cluster_id = @DeploymentId
$sql$),
('GatewaysQueryKey', $sql$
    SELECT address AS "Address", gateway_port AS "ProxyPort", generation AS "Generation"
    FROM cluster_members
    WHERE cluster_id = @DeploymentId AND status = @Status AND gateway_port > 0
$sql$),

-- Members: changes. Each answers whether it was made.
('InsertMembershipVersionKey', $sql$
    WITH made AS (
        INSERT INTO cluster_versions (cluster_id, version) VALUES (@DeploymentId, 0)
        ON CONFLICT (cluster_id) DO NOTHING
        RETURNING 1)
    SELECT EXISTS (SELECT FROM made)
$sql$),
('InsertMembershipKey', $sql$
    WITH raised AS (
        UPDATE cluster_versions SET version = version + 1, changed_at = now()
        WHERE cluster_id = @DeploymentId AND version = @Version
          AND NOT EXISTS (SELECT FROM cluster_members WHERE cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
        RETURNING cluster_id),
    made AS (
        INSERT INTO cluster_members (cluster_id, address, port, generation, silo_name, host_name, status, gateway_port, started_at, alive_at)
        SELECT cluster_id, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM raised
        RETURNING 1)
    SELECT EXISTS (SELECT FROM made)
$sql$),
('UpdateMembershipKey', $sql$
    WITH raised AS (
        UPDATE cluster_versions SET version = version + 1, changed_at = now()
        WHERE cluster_id = @DeploymentId AND version = @Version
          AND EXISTS (SELECT FROM cluster_members WHERE cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
        RETURNING cluster_id),
    changed AS (
        UPDATE cluster_members m SET status = @Status, suspect_times = @SuspectTimes, alive_at = @IAmAliveTime
        FROM raised
        WHERE m.cluster_id = raised.cluster_id AND m.address = @Address AND m.port = @Port AND m.generation = @Generation
        RETURNING 1)
    SELECT EXISTS (SELECT FROM changed)
$sql$),
-- A sign of life changes nothing that others decide on, so it leaves the version alone.
('UpdateIAmAlivetimeKey', $sql$
    UPDATE cluster_members SET alive_at = @IAmAliveTime
    WHERE cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation
$sql$),
('CleanupDefunctSiloEntriesKey', $sql$
    DELETE FROM cluster_members WHERE cluster_id = @DeploymentId AND alive_at < @IAmAliveTime AND status <> 3
$sql$),
('DeleteMembershipTableEntriesKey', $sql$
    DELETE FROM cluster_versions WHERE cluster_id = @DeploymentId
$sql$),

-- States of grains. No row in the answer to a change: the version was another one.
('ReadFromStorageKey', $sql$
    SELECT payload AS "PayloadBinary", version AS "Version"
    FROM cluster_grain_state
    WHERE service_id = @ServiceId AND name = @GrainTypeString
      AND key_text = coalesce(@GrainIdExtensionString, '') AND key_high = @GrainIdN0 AND key_low = @GrainIdN1
$sql$),
('WriteToStorageKey', $sql$
    WITH changed AS (
        UPDATE cluster_grain_state SET payload = @PayloadBinary, version = version + 1, updated_at = now()
        WHERE service_id = @ServiceId AND name = @GrainTypeString
          AND key_text = coalesce(@GrainIdExtensionString, '') AND key_high = @GrainIdN0 AND key_low = @GrainIdN1
          AND version = @GrainStateVersion
        RETURNING version),
    made AS (
        INSERT INTO cluster_grain_state (service_id, name, key_high, key_low, key_text, version, payload)
        SELECT @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, coalesce(@GrainIdExtensionString, ''), 1, @PayloadBinary
        WHERE @GrainStateVersion IS NULL
        ON CONFLICT DO NOTHING
        RETURNING version)
    SELECT version AS "NewGrainStateVersion" FROM changed UNION ALL SELECT version FROM made
$sql$),
('ClearStorageKey', $sql$
    UPDATE cluster_grain_state SET payload = NULL, version = version + 1, updated_at = now()
    WHERE service_id = @ServiceId AND name = @GrainTypeString
      AND key_text = coalesce(@GrainIdExtensionString, '') AND key_high = @GrainIdN0 AND key_low = @GrainIdN1
      AND version = @GrainStateVersion
    RETURNING version AS "NewGrainStateVersion"
$sql$);
