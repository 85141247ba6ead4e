-- Jobs, their chunks and what went wrong. The ledger is computed from chunks.outcomes; see ARCHITECTURE.md.

CREATE TABLE jobs (
    id               uuid PRIMARY KEY,                 -- UUIDv7: the order of ids is the order of creation
    workload         text        NOT NULL,
    spec             json        NOT NULL,
    status           text        NOT NULL CHECK (status IN ('queued', 'planning', 'running', 'paused', 'completed', 'cancelled', 'failed')),
    mode             text        NOT NULL CHECK (mode IN ('high-performance', 'standard')),
    max_concurrency  integer     NOT NULL CHECK (max_concurrency BETWEEN 1 AND 1000),
    idempotency_key  text,
    request_hash     text        NOT NULL,             -- of workload, spec and mode: the same key with another request is a mistake
    created_by       text        NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    finished_at      timestamptz,
    error            text,
    -- who owns it
    epoch            bigint      NOT NULL DEFAULT 0,   -- raised by each take-over; a commit under an old one finds no row
    commit_no        bigint      NOT NULL DEFAULT 0,   -- counts the commits of all epochs: tells an ambiguous COMMIT from a lost one
    owner            text,
    heartbeat        timestamptz,
    -- planning
    plan_done        boolean     NOT NULL DEFAULT false,
    plan_cursor      text,                             -- where the workload's stream goes on after a crash; moved with the chunks it made
    expected         bigint,                           -- how many items the workload expects, when it knows
    next_chunk       integer     NOT NULL DEFAULT 0,
    -- running totals, moved in the transaction that moves the outcomes; a list of jobs shows these without reading chunks
    planned          bigint      NOT NULL DEFAULT 0,
    succeeded        bigint      NOT NULL DEFAULT 0,
    failed           bigint      NOT NULL DEFAULT 0,
    skipped          bigint      NOT NULL DEFAULT 0,
    cancelled        bigint      NOT NULL DEFAULT 0,
    calls_made       bigint      NOT NULL DEFAULT 0,
    calls_avoided    bigint      NOT NULL DEFAULT 0,
    retries          bigint      NOT NULL DEFAULT 0,
    chunks_dropped_at timestamptz                      -- retention: from then on the totals above are the ledger
) WITH (fillfactor = 70);

CREATE UNIQUE INDEX jobs_idempotency_key ON jobs (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX jobs_active ON jobs (id) WHERE status IN ('queued', 'planning', 'running');
CREATE INDEX jobs_status ON jobs (status, id DESC);
CREATE INDEX jobs_workload ON jobs (workload, id DESC);

-- What a job was given item by item (ids in the order in which they were sent): its plan reads them in pages. The spec itself stays small.
CREATE TABLE job_inputs (
    job_id    uuid    NOT NULL REFERENCES jobs ON DELETE CASCADE,
    ord       bigint  NOT NULL,
    value     text    NOT NULL,
    duplicate boolean NOT NULL,                        -- the same value stands further up
    PRIMARY KEY (job_id, ord)
);

-- A run of at most 500 consecutive items. outcomes holds one letter per item:
--   . pending   s succeeded   f failed   k skipped   c cancelled
CREATE TABLE chunks (
    job_id        uuid    NOT NULL REFERENCES jobs ON DELETE CASCADE,
    no            integer NOT NULL,
    first_ordinal bigint  NOT NULL,
    items         json    NOT NULL,                    -- [[key, data?], …] in the order of the ordinals
    outcomes      text    NOT NULL,
    PRIMARY KEY (job_id, no)
) WITH (fillfactor = 70);
-- No index on outcomes: an update of an indexed column could not stay on its page (HOT), and a million items are only 2,000 chunks.

CREATE TABLE failures (
    job_id   uuid        NOT NULL REFERENCES jobs ON DELETE CASCADE,
    ordinal  bigint      NOT NULL,
    key      text        NOT NULL,
    cause    text        NOT NULL,
    message  text        NOT NULL,
    attempts integer     NOT NULL,
    chunk_no integer     NOT NULL,                     -- with the ordinal: which letter of which chunk is its f
    at       timestamptz NOT NULL,
    PRIMARY KEY (job_id, ordinal)
);
CREATE INDEX failures_cause ON failures (job_id, cause, ordinal);

-- Failures folded by cause, kept as counts so that 300,000 of them fold without being read.
CREATE TABLE failure_causes (
    job_id  uuid   NOT NULL REFERENCES jobs ON DELETE CASCADE,
    cause   text   NOT NULL,
    count   bigint NOT NULL,
    example text   NOT NULL,
    PRIMARY KEY (job_id, cause)
) WITH (fillfactor = 70);

-- Why items were skipped, likewise.
CREATE TABLE skip_reasons (
    job_id uuid   NOT NULL REFERENCES jobs ON DELETE CASCADE,
    reason text   NOT NULL,
    count  bigint NOT NULL,
    PRIMARY KEY (job_id, reason)
) WITH (fillfactor = 70);

-- A point a second while a job runs, for its charts; thinned when it ends. Times are milliseconds of item time in that second.
CREATE TABLE job_samples (
    job_id      uuid        NOT NULL REFERENCES jobs ON DELETE CASCADE,
    at          timestamptz NOT NULL,
    seconds     real        NOT NULL,                  -- how much time the point stands for
    succeeded   integer     NOT NULL,
    failed      integer     NOT NULL,
    skipped     integer     NOT NULL,
    in_flight   integer     NOT NULL,
    calls       integer     NOT NULL,
    calling_ms  bigint      NOT NULL,
    limit_ms    bigint      NOT NULL,
    backoff_ms  bigint      NOT NULL,
    parked_ms   bigint      NOT NULL,
    database_ms bigint      NOT NULL,
    bound_by    text,
    PRIMARY KEY (job_id, at)
);

-- What happened to a job, in words: transitions, take-overs, commands.
CREATE TABLE job_log (
    job_id  uuid        NOT NULL REFERENCES jobs ON DELETE CASCADE,
    no      bigint      GENERATED ALWAYS AS IDENTITY,
    at      timestamptz NOT NULL DEFAULT now(),
    message text        NOT NULL,
    PRIMARY KEY (job_id, no)
);

-- Who did what.
CREATE TABLE audit (
    id      uuid        PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    actor   text        NOT NULL,
    action  text        NOT NULL,
    subject text,
    detail  json
);
