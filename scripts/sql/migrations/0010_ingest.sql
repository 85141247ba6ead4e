-- Scraped profiles as they came, and the usernames they bring: each once.

-- Every valid row of every ingest. One partition a month (raw_scraped_profiles_2026_01), which the service makes ahead; retention drops whole ones.
CREATE TABLE raw_scraped_profiles (
    ingested_at timestamptz      NOT NULL,             -- when its ingest was accepted: the same for all rows of one
    job_id      uuid             NOT NULL,
    ord         integer          NOT NULL,             -- its place in the body, and so the item's ordinal in the job
    id          text COLLATE "C" NOT NULL,
    username    text             NOT NULL,
    full_name   text,
    extra       json                                   -- further fields, as they came
) PARTITION BY RANGE (ingested_at);

-- Usernames to hand out. The first row that brought an id is the one that counts.
CREATE TABLE global_usernames (
    id          text COLLATE "C" NOT NULL,
    username    text             NOT NULL,
    full_name   text,
    used        boolean          NOT NULL DEFAULT false,
    used_at     timestamptz,
    ingested_at timestamptz      NOT NULL,
    job_id      uuid             NOT NULL,             -- with ord: the raw row it came from
    ord         integer          NOT NULL
);
-- What makes an id come in once. By this name also in database_indexes.sql.
CREATE UNIQUE INDEX idx_global_usernames_id ON global_usernames (id);
-- The oldest unused ones, in order.
CREATE INDEX idx_global_usernames_used_false ON global_usernames (ingested_at, id) WHERE NOT used;

-- What was received and is not merged yet. Each ingest has a table of its own, made like this one (staged_ and the job's id), so that it is filled without an index,
-- read from front to back and dropped at once; this one stays empty and is what their statements are written against.
CREATE TABLE ingest_staging (
    ord       integer NOT NULL,
    id        text COLLATE "C",
    username  text,
    full_name text,
    extra     json,
    problem   text                                     -- why the row was rejected; such a row has nothing else but the id, if it had one
);

COMMENT ON COLUMN chunks.items IS '[[key, data?], …] in the order of the ordinals; null when the items are rows that the workload staged';
