-- Tabs: queries of a source database that are kept equal to sheets of a spreadsheet or to files.

CREATE TABLE tabs (
    name          text        PRIMARY KEY,             -- as in tabs.json
    watermark_at  timestamptz,                         -- up to here, in the order of (updated_at, key), everything was taken over; null: nothing yet
    watermark_key text,
    next_position integer     NOT NULL DEFAULT 1,      -- positions are given out once
    destination   text,                                -- where the rows below were written to; another one now needs all of them
    full_at       timestamptz,                         -- when all rows were compared last
    published_at  timestamptz,                         -- when the destination was last made to show them
    paused        boolean     NOT NULL DEFAULT false,
    job_id        uuid                                 -- whose sync has it; one at a time
);

-- What stands in the destination.
CREATE TABLE tab_rows (
    tab        text    NOT NULL REFERENCES tabs ON DELETE CASCADE,
    key        text    COLLATE "C" NOT NULL,
    position   integer NOT NULL,
    cells      text[],                                 -- null: the position is given out, nothing was written yet
    updated_at timestamptz,                            -- of the source row that was written
    is_dirty   boolean NOT NULL DEFAULT false,         -- being written, or its last write failed: whether it was done is not known
    PRIMARY KEY (tab, key),
    UNIQUE (tab, position)
);
CREATE INDEX tab_rows_dirty ON tab_rows (tab, key) WHERE is_dirty;

-- One sync of one tab.
CREATE TABLE tab_syncs (
    tab         text        NOT NULL REFERENCES tabs ON DELETE CASCADE,
    job_id      uuid        NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,                           -- null: it goes on, or was cancelled
    is_full     boolean     NOT NULL,
    is_whole    boolean,                               -- false: time was up before all planned rows were taken over
    added       integer     NOT NULL DEFAULT 0,
    changed     integer     NOT NULL DEFAULT 0,
    removed     integer     NOT NULL DEFAULT 0,
    restored    integer     NOT NULL DEFAULT 0,        -- rows of the sheet that somebody had changed, and that were put right
    PRIMARY KEY (tab, job_id)
);

-- What a tab's last sync changed.
CREATE TABLE tab_changes (
    tab    text   NOT NULL,
    job_id uuid   NOT NULL,
    key    text   COLLATE "C" NOT NULL,
    kind   text   NOT NULL CHECK (kind IN ('added', 'changed', 'removed')),
    before text[],
    after  text[],
    PRIMARY KEY (tab, job_id, key),
    FOREIGN KEY (tab, job_id) REFERENCES tab_syncs ON DELETE CASCADE
);

-- When the next scheduled sync is due; one row.
CREATE TABLE tab_schedule (
    one      boolean     PRIMARY KEY DEFAULT true CHECK (one),
    next_at  timestamptz NOT NULL,
    full_at  timestamptz NOT NULL                      -- from when on the next one compares everything
);
