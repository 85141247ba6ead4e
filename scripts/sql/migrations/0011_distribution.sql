-- Usernames handed out: each to one recipient, once.

CREATE TABLE distributions (
    id           uuid        PRIMARY KEY,              -- UUIDv7: the order of ids is the order of creation
    name         text        NOT NULL UNIQUE,          -- the same name again is the same distribution
    requested    integer     NOT NULL,
    selected     integer     NOT NULL,                 -- fewer than requested only where that was allowed
    recipients   text[]      NOT NULL,                 -- the first (selected mod recipients) of them got one more than the others
    created_by   text        NOT NULL,
    created_at   timestamptz NOT NULL
);

-- That an id can stand here once is the last word on "never handed out twice": who releases a username deletes its row.
CREATE TABLE distribution_assignments (
    id              text COLLATE "C" PRIMARY KEY,
    distribution_id uuid        NOT NULL REFERENCES distributions ON DELETE CASCADE,
    recipient       integer     NOT NULL,              -- place in distributions.recipients, from 1
    status          text        NOT NULL DEFAULT 'assigned' CHECK (status IN ('assigned', 'contacted', 'done', 'rejected')),
    assigned_at     timestamptz NOT NULL,
    status_at       timestamptz NOT NULL
);
-- Exports and the recipients of one distribution. By this name also in database_indexes.sql, as are the others there.
CREATE INDEX idx_distribution_assignments_recipient ON distribution_assignments (distribution_id, recipient, id);

-- Daily distributions: at a time of day in a time zone.
CREATE TABLE distribution_schedules (
    name            text        PRIMARY KEY,
    time_of_day     time        NOT NULL,
    time_zone       text        NOT NULL,
    count           integer     NOT NULL,
    recipients      text[]      NOT NULL,
    allow_partial   boolean     NOT NULL,
    enabled         boolean     NOT NULL,
    due             timestamptz NOT NULL,              -- when it runs next; moved in the transaction that made the distribution of the run before
    last_run        timestamptz,
    last_result     text,                              -- in words
    changed_by      text        NOT NULL,
    changed_at      timestamptz NOT NULL
);
