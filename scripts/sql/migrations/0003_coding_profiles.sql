CREATE TABLE coding_profiles (
    id             uuid        PRIMARY KEY,
    platform       text COLLATE "C" NOT NULL,
    handle         text        NOT NULL,               -- as registered
    handle_key     text COLLATE "C" NOT NULL,           -- in lower case: what makes it the same profile
    owner          text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    state          text        NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'found', 'missing')),
    current_handle text,                               -- the platform's spelling, when it differs (case, or a rename)
    rating         integer,
    max_rating     integer,
    rank           text,
    solved_total   integer,
    solved_easy    integer,
    solved_medium  integer,
    solved_hard    integer,
    contests       integer,
    avatar         text,
    country        text,
    last_active_at timestamptz,
    details        text        NOT NULL DEFAULT '{}',  -- a JSON object, made and read by the adapters
    etag           text,
    fetched_at     timestamptz,
    changed_at     timestamptz,
    content_hash   bigint                              -- of what history keeps: equal means nothing changed
) WITH (fillfactor = 75);                              -- a refresh touches no indexed column, so it stays on its page (HOT)

CREATE UNIQUE INDEX coding_profiles_platform_handle ON coding_profiles (platform, handle_key);

-- One row per change, never one per look.
CREATE TABLE coding_profile_history (
    profile_id   uuid        NOT NULL REFERENCES coding_profiles ON DELETE CASCADE,
    at           timestamptz NOT NULL,
    rating       integer,
    max_rating   integer,
    rank         text,
    solved_total integer,
    contests     integer,
    PRIMARY KEY (profile_id, at)
);
