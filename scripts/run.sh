#!/usr/bin/env bash
# Starts OrleansBulk from a fresh clone: PostgreSQL, the simulator of all upstreams, and Web with the grains in its process.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=scripts/lib/service.sh
. "$root/scripts/lib/service.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/run.sh [--port N] [--data DIR] [--no-demo] [--live]

Builds and starts everything, fills it with 5,000 demo profiles, refreshes them, and stays up until Ctrl-C or SIGTERM, which stops all that it started.

  --port N     where Web listens on this machine; 5080, or the next free port when that is taken
  --data DIR   what is kept between runs: database, credentials, logs; .data in the clone
  --no-demo    no demo profiles
  --live       ask the real upstreams, not the simulator; without demo profiles, since those do not exist there
  --help       this text

ConnectionStrings__Bulk in the environment names a PostgreSQL 15 or later to use; without it, a private one is started on the loopback.
TEXT
}

data=$root/.data
while [ "$#" -gt 0 ]; do
  take_option "$@"
  [ "$taken" -gt 0 ] || die "There is no option '$1'; see scripts/run.sh --help."
  shift "$taken"
done

require_dotnet
claim_data_folder
stop_at_the_end
check_port
make_credentials
start_postgres
build
start_simulator
choose_port
start_web
tell
[ "$demo" = no ] || demo_run
stay_up
