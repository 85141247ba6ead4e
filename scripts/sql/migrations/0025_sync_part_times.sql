-- When the first page of a part was read. A page that is read much later does not go with it: rows may have moved between them.

ALTER TABLE provider_sync_parts ADD COLUMN first_read_at timestamptz;
