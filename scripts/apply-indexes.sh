#!/usr/bin/env bash
# Applies scripts/sql/database_indexes.sql to the service's database without locking out writers, repairs what an interrupted run left invalid, and says what is there.
# Usage: ConnectionStrings__Bulk='Host=…;Database=…' scripts/apply-indexes.sh, or scripts/apply-indexes.sh with the variables that psql reads (PGHOST, PGDATABASE, …).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

file=sql/database_indexes.sql
command -v psql > /dev/null || { echo "psql is needed and not found. Install the PostgreSQL client." >&2; exit 2; }

# The service's own connection string, if that is how it is given: names in any case, with or without blanks, values in quotes or not.
if [[ -n ${ConnectionStrings__Bulk:-} ]]; then
    unset PGHOST PGHOSTADDR PGSERVICE PGDATABASE
    PGPORT=5432
    trim() { local text=${1#"${1%%[![:space:]]*}"}; printf '%s' "${text%"${text##*[![:space:]]}"}"; }
    rest=$ConnectionStrings__Bulk
    part=$'^[[:space:];]*([^=;]+)=[[:space:]]*(\"([^\"]*)\"|\'([^\']*)\'|([^;]*))(.*)$'
    while [[ $rest =~ $part ]]; do
        name=${BASH_REMATCH[1]//[[:space:]_]/}
        value=${BASH_REMATCH[3]}${BASH_REMATCH[4]}$(trim "${BASH_REMATCH[5]}")
        rest=${BASH_REMATCH[6]}
        case "${name,,}" in
            host | server) PGHOST=$value ;;
            port) PGPORT=$value ;;
            database | db) export PGDATABASE=$value ;;
            username | userid | user | uid) export PGUSER=$value ;;
            password | psw | pwd) export PGPASSWORD=$value ;;
            sslmode) export PGSSLMODE=${value,,} ;;
        esac
    done
    if [[ ${PGHOST:-} =~ ^([^:,]+):([0-9]+)$ ]]; then
        PGHOST=${BASH_REMATCH[1]}
        PGPORT=${BASH_REMATCH[2]}
    fi
    [[ -n ${PGHOST:-} ]] || { echo "ConnectionStrings__Bulk names no Host, so it is not known which server is meant. Nothing was changed." >&2; exit 2; }
    export PGHOST PGPORT
fi

sql() { psql -X -q -v ON_ERROR_STOP=1 -At "$@"; }

if [[ $(sql -c "SELECT count(*) FROM (VALUES ('schema_migrations'), ('jobs'), ('global_usernames'), ('distribution_assignments'), ('leads')) AS ours(name) WHERE to_regclass(name) IS NOT NULL") != 5 ]]; then
    echo "The database '$(sql -c 'SELECT current_database()')' is not one of this service, or was never migrated: start the service on it first. Nothing was changed." >&2
    exit 3
fi

failed=0
names=()
while IFS= read -r line; do
    [[ $line =~ ^CREATE\ (UNIQUE\ )?INDEX\ CONCURRENTLY\ IF\ NOT\ EXISTS\ ([a-z_]+)\ ON ]] || continue
    name=${BASH_REMATCH[2]}
    if [[ $line == *gin_trgm_ops* ]] && ! PGOPTIONS='-c client_min_messages=warning' sql -c 'CREATE EXTENSION IF NOT EXISTS pg_trgm'; then
        echo "$name is left out: the extension pg_trgm is missing here, or may not be created. Names are searched by their beginning until an administrator has run CREATE EXTENSION pg_trgm." >&2
        continue
    fi
    names+=("'$name'")
    # IF NOT EXISTS takes an invalid one for a good one; REINDEX makes it new, without locking either.
    if [[ $(sql -c "SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('$name') AND NOT indisvalid") == 1 ]]; then
        echo "$name was left invalid by an interrupted run: making it again."
        sql -c "REINDEX INDEX CONCURRENTLY $name" || failed=1
    else
        PGOPTIONS='-c client_min_messages=warning' sql -c "$line" || failed=1
    fi
done < "$file"

list=$(IFS=,; echo "${names[*]}")
# What an interrupted REINDEX left beside an index: the new one that was not finished, or the old one that was not dropped yet.
for left in $(sql -c "SELECT c.relname FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE NOT i.indisvalid AND regexp_replace(c.relname, '_cc(new|old)[0-9]*$', '') IN ($list) AND c.relname NOT IN ($list)"); do
    sql -c "DROP INDEX CONCURRENTLY IF EXISTS $left" || failed=1
done
psql -X -q -c "SELECT c.relname AS index, pg_size_pretty(pg_relation_size(c.oid)) AS size, CASE WHEN i.indisvalid THEN 'valid' ELSE 'INVALID' END AS validity
    FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE c.relname IN ($list) ORDER BY c.relname"
valid=$(sql -c "SELECT count(*) FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE c.relname IN ($list) AND i.indisvalid")
if [[ $failed == 1 || $valid != "${#names[@]}" ]]; then
    echo "$valid of ${#names[@]} indexes are valid. Look at the messages above, then run this again." >&2
    exit 1
fi

echo "All ${#names[@]} indexes are there and valid."
