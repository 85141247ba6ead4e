-- Tabs: where a full sync goes on whose time was up, and when a tab's time began.

ALTER TABLE tab_syncs
    ADD COLUMN worked_at    timestamptz,  -- when its first rows were worked on: tabs of one sync may wait for each other
    ADD COLUMN left_ordinal bigint,       -- the first item of the job that was left for the next sync, and the place of its row in the order of (updated_at, key)
    ADD COLUMN left_at      timestamptz,
    ADD COLUMN left_key     text;

ALTER TABLE tabs
    ADD COLUMN full_from_at     timestamptz, -- all rows before this place were compared by a full sync that did not come to its end; null: the next one begins at the first row
    ADD COLUMN full_from_key    text,
    ADD COLUMN full_from_layout text,        -- in which layout
    ADD COLUMN full_left_at     timestamptz, -- when
    ADD COLUMN is_error_of_full boolean NOT NULL DEFAULT false; -- only a full sync can tell that the error is over
