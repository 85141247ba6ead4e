-- Tabs: what a sync that fails, ends early or finds another tabs.json leaves behind, so that the next one puts it right.

-- When the job was begun, or gone on with after a pause, a failure or a retry; a crash does not begin it anew.
ALTER TABLE jobs ADD COLUMN begun_at timestamptz;

ALTER TABLE tabs
    ADD COLUMN layout         text,                           -- where and in which form all rows were written (destination, title, source, columns); empty: rows of several forms may stand there
    ADD COLUMN last_job_id    uuid,                           -- whose sync had it last: only that job may go on with it
    ADD COLUMN is_unpublished boolean NOT NULL DEFAULT false; -- rows were committed since it was published last

ALTER TABLE tab_rows
    ADD COLUMN is_changed_again boolean NOT NULL DEFAULT false; -- the source changed while an older state was being written: the row stays dirty

ALTER TABLE tab_syncs
    ADD COLUMN layout text,                      -- the form in which it was begun
    ADD COLUMN undone integer NOT NULL DEFAULT 0; -- rows and blocks that were left for the next sync

-- Whether the files of tabs that were synced before have all their rows is not known: they are published once more.
UPDATE tabs SET last_job_id = job_id, is_unpublished = next_position > 1;
