-- A role for ConnectionStrings:TabSource that can read what tabs are made of, and nothing else. Applied by whoever owns the source database:
--   psql -d <source> -v role=tab_reader -v schema=learning -f scripts/sql/tab_reader.sql
-- and then \password tab_reader.

CREATE ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 20;
ALTER ROLE :"role" SET default_transaction_read_only = on;
GRANT USAGE ON SCHEMA :"schema" TO :"role";
GRANT SELECT ON ALL TABLES IN SCHEMA :"schema" TO :"role";
ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT SELECT ON TABLES TO :"role";
