-- Loads of the NPPES file: how far each is, what it came to, and which lines were not taken.

-- Moved in the transaction that writes what the lines say: whoever goes on after a crash begins at next_offset, and no line counts twice.
CREATE TABLE provider_files (
    job_id      uuid   PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    next_offset bigint NOT NULL,                       -- the byte at which the next line begins, in the file as it is unpacked
    next_line   bigint NOT NULL,                       -- and its number; the header is line 1
    lines       bigint NOT NULL DEFAULT 0,             -- read so far, without the header: always the sum of what follows
    created     bigint NOT NULL DEFAULT 0,
    updated     bigint NOT NULL DEFAULT 0,
    unchanged   bigint NOT NULL DEFAULT 0,             -- stored so already, or from a newer state
    deactivated bigint NOT NULL DEFAULT 0,             -- marked by a line that says no more than that
    left_out    bigint NOT NULL DEFAULT 0,             -- of other specialties or states than were asked for
    rejected    bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

CREATE TABLE provider_file_rejections (
    job_id uuid   NOT NULL REFERENCES jobs ON DELETE CASCADE,
    line   bigint NOT NULL,
    npi    text   NOT NULL,                            -- as it stands in the line; empty when it cannot be told
    reason text   NOT NULL,
    PRIMARY KEY (job_id, line)
);

-- What one merge read. Each has a temporary table of its own, made like this one; this one stays empty and is what their statements are written against.
CREATE TABLE provider_staging (
    line                bigint   NOT NULL,
    problem             text,                          -- why the line is not taken; such a line has nothing else but its NPI as text in name
    mark                boolean  NOT NULL,             -- it says that the NPI is deactivated, and no more
    npi                 bigint,
    entity              text,
    name                text,
    organization_name   text,
    last_name           text,
    first_name          text,
    middle_name         text,
    credential          text,
    sex                 text,
    phone               text,
    fax                 text,
    address_1           text,
    address_2           text,
    city                text,
    state               text,
    postal_code         text,
    country             text,
    mailing_address_1   text,
    mailing_address_2   text,
    mailing_city        text,
    mailing_state       text,
    mailing_postal_code text,
    mailing_country     text,
    taxonomy            text,
    taxonomies          text[],
    enumerated_on       date,
    last_updated_on     date,
    certified_on        date,
    deactivated_on      date,
    reactivated_on      date,
    status              text,
    content_hash        bigint
);

-- The providers that one save makes leads of. Each large save has a table of its own, made like this one, until its job is completed.
CREATE TABLE lead_staging (
    ord integer NOT NULL,
    npi bigint  NOT NULL
);

-- The search inside names needs this extension, which comes with PostgreSQL's contrib package. Where it is missing or refused, names are searched by their beginning.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR invalid_schema_name THEN
        RAISE WARNING 'pg_trgm is not here (%). Names are searched by their beginning only; to search inside them, have an administrator run CREATE EXTENSION pg_trgm and then scripts/apply-indexes.sh.', SQLERRM;
END $$;
