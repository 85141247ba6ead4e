-- Indexes that a DBA applies on their own, at any time and again at will: scripts/apply-indexes.sh does, and verifies them.
-- Each statement stands on one line; what it is for stands above it. Nothing here locks out writers.

-- What makes an id come in once; finding a username by id; the plain list.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS idx_global_usernames_id ON global_usernames (id);
-- The oldest unused ones: every distribution, and the list of unused ones.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_global_usernames_used_false ON global_usernames (ingested_at, id) WHERE NOT used;
-- The list of used ones, by time of ingest.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_global_usernames_used_true ON global_usernames (ingested_at, id) WHERE used;
-- Usernames ingested between two days.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_global_usernames_ingested ON global_usernames (ingested_at, id);
-- Search by the beginning of a username.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_global_usernames_username ON global_usernames (lower(username COLLATE "C"), id);
-- What one ingest brought.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_global_usernames_job ON global_usernames (job_id, ord);
-- Exports and counts by recipient.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_distribution_assignments_recipient ON distribution_assignments (distribution_id, recipient, id);
-- Cleanup by status and age.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_distribution_assignments_status ON distribution_assignments (status, status_at);
-- Assignments between two days.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_distribution_assignments_assigned ON distribution_assignments (assigned_at, id);
-- Distributions between two days.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_distributions_created ON distributions (created_at, id);
-- Providers of a state, or of a city in it, in the order of the list.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_providers_state_city ON providers (coalesce(state, ''), upper(coalesce(city, '')), npi);
-- Providers of a specialty, also in a state or a city.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_providers_taxonomy ON providers (taxonomy, coalesce(state, ''), upper(coalesce(city, '')), npi);
-- Search inside the names of providers. Needs the extension pg_trgm; without it names are searched by their beginning.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_providers_name ON providers USING gin (lower(name) gin_trgm_ops);
-- Search by the beginning of a provider's name.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_providers_name_start ON providers ((lower(name) COLLATE "C"), npi);
-- Deactivated providers, who are few.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_providers_deactivated ON providers (npi) WHERE status = 'deactivated';
-- Whether a provider is a lead, and which status it has.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_leads_provider_status ON leads (npi, status);
-- The list of leads, those that changed last first.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_leads_updated ON leads (updated_at, id);
-- The same of one status.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_leads_status ON leads (status, updated_at, id);
-- Leads of a state, those that changed last first.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_leads_state ON leads (coalesce(state, ''), updated_at, id);
-- Leads of a specialty.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_leads_taxonomy ON leads (taxonomy, updated_at, id);
-- Search inside the names of leads, as for providers.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_leads_name ON leads USING gin (lower(name) gin_trgm_ops);
