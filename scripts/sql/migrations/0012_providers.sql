-- Healthcare providers from NPPES, by API or by file, and the leads that were made of them.

CREATE TABLE providers (
    npi                   bigint      PRIMARY KEY CHECK (npi BETWEEN 1000000000 AND 2999999999), -- with a right check digit: the service verifies it
    entity                text        CHECK (entity IN ('individual', 'organization')), -- null: deactivated before it was ever seen
    name                  text,                        -- what is shown and searched: the organisation's name, or LAST, FIRST MIDDLE
    organization_name     text,
    last_name             text,
    first_name            text,
    middle_name           text,
    credential            text,
    sex                   text,
    phone                 text,                        -- of the practice; digits only where it is a number of the United States
    fax                   text,
    address_1             text,                        -- of the practice, as all without a prefix
    address_2             text,
    city                  text,
    state                 text,
    postal_code           text,                        -- 5 or 9 digits without a hyphen; free text abroad
    country               text,
    mailing_address_1     text,
    mailing_address_2     text,
    mailing_city          text,
    mailing_state         text,
    mailing_postal_code   text,
    mailing_country       text,
    taxonomy              text,                        -- the primary one's code
    taxonomies            text[]      NOT NULL DEFAULT '{}', -- all codes, the primary one first
    enumerated_on         date,
    last_updated_on       date,
    certified_on          date,
    deactivated_on        date,
    reactivated_on        date,
    status                text        NOT NULL CHECK (status IN ('active', 'deactivated')),
    answer                jsonb,                       -- the API's full answer; null when the columns came from a file
    content_hash          bigint,                      -- of the columns above except answer; null makes the next full record count as a change
    source                text        NOT NULL,        -- what wrote it last: 'api', or which file
    created_at            timestamptz NOT NULL,
    updated_at            timestamptz NOT NULL         -- when something of it changed last
);

-- Answers are packed with lz4, which takes half the time of the usual way, where the server was built with it.
DO $$
BEGIN
    ALTER TABLE providers ALTER COLUMN answer SET COMPRESSION lz4;
EXCEPTION
    WHEN feature_not_supported THEN NULL;
END $$;

-- Each provider is at most one lead.
CREATE TABLE leads (
    id         uuid        PRIMARY KEY,                -- UUIDv7
    npi        bigint      NOT NULL UNIQUE REFERENCES providers,
    status     text        NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'contacted', 'qualified', 'won', 'lost')),
    owner      text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE lead_history (
    lead_id     uuid        NOT NULL REFERENCES leads ON DELETE CASCADE,
    no          bigint      GENERATED ALWAYS AS IDENTITY,
    at          timestamptz NOT NULL,
    who         text        NOT NULL,
    from_status text,                                  -- null: it became a lead
    to_status   text,                                  -- null: a note only
    note        text,
    PRIMARY KEY (lead_id, no)
);

-- What one sync came to. Moved in the transaction that moves the outcomes, so each provider counts once, however often it was met.
CREATE TABLE provider_syncs (
    job_id    uuid   PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    created   bigint NOT NULL DEFAULT 0,
    updated   bigint NOT NULL DEFAULT 0,
    unchanged bigint NOT NULL DEFAULT 0,
    rejected  bigint NOT NULL DEFAULT 0                -- rows whose NPI has a wrong check digit
) WITH (fillfactor = 70);

-- Which providers a sync found, for which of its specialties (by their place in the spec, from 1). Goes when the job's chunks go; so many rows that a look at
-- jobs for each of them would be felt, hence no reference.
CREATE TABLE provider_sync_found (
    job_id    uuid     NOT NULL,
    npi       bigint   NOT NULL,
    specialty smallint NOT NULL,
    PRIMARY KEY (job_id, npi, specialty)
);

-- The parts that a sync's queries were split into, and how much of each was read: what tells whether a sync is complete.
CREATE TABLE provider_sync_parts (
    job_id     uuid     NOT NULL REFERENCES jobs ON DELETE CASCADE,
    specialty  smallint NOT NULL,
    part       text     NOT NULL,                      -- the query without skip and limit
    label      text     NOT NULL,                      -- the same for people
    pages_read integer  NOT NULL,                      -- a bit per page, the first one is 1
    ends_at    smallint,                               -- the first page that was not full; pages behind it are empty
    saturated  boolean  NOT NULL,                      -- the last page that can be reached was full
    split      boolean  NOT NULL,                      -- into parts that stand here too
    rows       integer  NOT NULL,                      -- that the pages held, of any specialty
    found      integer  NOT NULL,                      -- among them providers of the specialty that no page before had brought
    PRIMARY KEY (job_id, specialty, part)
) WITH (fillfactor = 70);

-- Answers of the last minutes, by query: asked again, they cost no call. What they held is in providers.
CREATE TABLE provider_pages (
    query      text        PRIMARY KEY,
    fetched_at timestamptz NOT NULL,
    npis       bigint[]    NOT NULL,                   -- all rows in order: a page that another skip brought too is an error
    found      bigint[]    NOT NULL                    -- those of the specialty that was asked for
);
CREATE INDEX provider_pages_fetched ON provider_pages (fetched_at);
