#!/usr/bin/env bash
# Starts a cluster on this machine: silos in processes of their own, which find each other through PostgreSQL, and Web as their client.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=scripts/lib/service.sh
. "$root/scripts/lib/service.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/cluster.sh [N] [--port N] [--data DIR] [--no-demo] [--live]

Builds the Orleans flavour, starts N silos (2) and one Web that is their client, fills them with 5,000 demo profiles, and stays up until Ctrl-C or SIGTERM.
Kill a silo to see the others take over what it did; its process is named when it starts.

  --port N     where Web listens on this machine; 5080, or the next free port when that is taken
  --data DIR   what is kept between runs: database, credentials, logs; .data/cluster in the clone
  --no-demo    no demo profiles
  --live       ask the real upstreams, not the simulator; without demo profiles, since those do not exist there
  --help       this text

ConnectionStrings__Bulk in the environment names a PostgreSQL 15 or later to use; without it, a private one is started on the loopback.
The packages of Orleans must be restorable; scripts/run.sh needs none of them.
TEXT
}

# Each in its own log. Their ports are free ones.
start_silos() {
  local number log
  for ((number = 1; number <= silos; number++)); do
    new_log "silo-$number"
    (cd "$root/Silo" && exec_child TERM dotnet "$bin/Silo/release/OrleansBulk.Silo.dll") >"$log" 2>&1 </dev/null &
    silo_pids+=("$!")
    step "Starting silo $number, process $!"
  done
}

require_orleans() {
  step "Restoring the packages of Orleans"
  export GrainRuntime=Orleans
  local log=$data/log/restore.log limit=()
  ! have timeout || limit=(timeout 180)
  run_child "${limit[@]+"${limit[@]}"}" dotnet restore "$root/Web" -v quiet >"$log" 2>&1 </dev/null ||
    die "The packages of Orleans do not restore here ($(restore_trouble "$log")), and a cluster needs them; scripts/run.sh runs everything in one process without them."
}

data=$root/.data/cluster silos=2 flavour=Orleans
while [ "$#" -gt 0 ]; do
  take_option "$@"
  if [ "$taken" = 0 ]; then
    case $1 in
      -*) die "There is no option '$1'; see scripts/cluster.sh --help." ;;
    esac
    check_number "The number of silos" "$1" 1 20
    silos=$1 taken=1
  fi
  shift "$taken"
done

require_dotnet
claim_data_folder
stop_at_the_end
check_port
make_credentials
require_orleans
start_postgres
build
start_simulator
start_silos
choose_port
export Cluster__Role=client
start_web
tell
[ "$demo" = no ] || demo_run
stay_up
