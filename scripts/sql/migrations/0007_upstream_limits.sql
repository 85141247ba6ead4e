-- Limits that an operator set below those of the configuration. No row: as configured.
CREATE TABLE upstream_limits (
    upstream         text             PRIMARY KEY,
    concurrency      integer          CHECK (concurrency >= 1),      -- calls at once; null: as configured
    calls_per_second double precision CHECK (calls_per_second > 0),  -- null: as configured
    set_by           text             NOT NULL,
    set_at           timestamptz      NOT NULL
);
