-- What the pages look things up by. None of these columns changes after a job is made, so the updates of a running job stay on their page (HOT).

-- The search for a job: by who asked, by the beginning of an idempotency key, by the end of an id (which is what pages call a job).
CREATE INDEX jobs_created_by ON jobs (created_by, id DESC);
CREATE INDEX jobs_key_prefix ON jobs (idempotency_key text_pattern_ops) WHERE idempotency_key IS NOT NULL;
CREATE INDEX jobs_id_end ON jobs (right(id::text, 8));

-- What all jobs together did in the last hour, read from the index alone.
CREATE INDEX job_samples_at ON job_samples (at) INCLUDE (succeeded, failed, skipped);

-- Handles by their beginning, on whatever platform.
CREATE INDEX coding_profiles_handle ON coding_profiles (handle_key);
