#!/usr/bin/env bash
# Measures what is promised about speed, each promise beside what it is compared with, and writes what came out to Benchmarks/results.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=scripts/lib/process.sh
. "$root/scripts/lib/process.sh"
# shellcheck source=scripts/lib/postgres.sh
. "$root/scripts/lib/postgres.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/bench.sh [--short] [--out DIR] [--data DIR] [SCENARIO …]

Builds everything in Release and runs the named scenarios, or all: those that `Benchmarks list` names.
Ends with a table of what was promised and what was measured. A machine that does other things at the same time makes the figures worse, not the ratios wrong.

  --short      small sizes: shows that everything works, not how fast it is
  --out DIR    where the results go; Benchmarks/results, with --short .data/bench/results
  --data DIR   where the private PostgreSQL keeps its data; .data/bench
  --help       this text

The peers that are measured beside calls-50ms need Node (npm) and, one of them, redis-server, which is installed with apt where that needs no question. Without
them the rest is measured all the same. ConnectionStrings__BulkBench in the environment names a PostgreSQL to use instead of a private one; its user must be
allowed to make databases.
TEXT
}

data=$root/.data/bench out='' short='' scenarios=()
while [ "$#" -gt 0 ]; do
  case $1 in
    --out | --data) [ "$#" -gt 1 ] || die "$1 needs a value; see scripts/bench.sh --help." ;;
  esac
  case $1 in
    --short) short=--short ;;
    --out) out=$2 && shift ;;
    --data) data=$2 && shift ;;
    --help | -h) usage && exit 0 ;;
    -*) die "There is no option '$1'; see scripts/bench.sh --help." ;;
    *) scenarios+=("$1") ;;
  esac
  shift
done

stop_all() {
  local code=$?
  trap '' INT TERM HUP
  trap - EXIT
  [ -z "$running" ] || kill -s TERM -- "-$running" 2>/dev/null || true
  stop_child "$running" TERM 10
  postgres_stop
  exit "$code"
}

# The same settings as a first run has: durable, so that commits cost what they cost.
start_postgres() {
  if [ -n "${ConnectionStrings__BulkBench:-}" ]; then
    step "Using the PostgreSQL of ConnectionStrings__BulkBench"
    return
  fi
  postgres_require
  step "Starting PostgreSQL"
  postgres_start "$data" durable
  export ConnectionStrings__BulkBench=$postgres_server_connection
}

# Wanted by one peer only: without it the rest is measured.
find_redis() {
  if ! have redis-server && have apt-get && have npm; then
    local sudo=''
    is_root || sudo='sudo -n'
    step "Installing redis-server with apt, for a peer"
    # shellcheck disable=SC2086
    { run_child $sudo apt-get update && run_child $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y --no-install-recommends redis-server; } >"$data/log/redis.log" 2>&1 </dev/null || true
  fi
  BENCH_REDIS_SERVER=$(command -v redis-server || true)
  export BENCH_REDIS_SERVER
}

build() {
  step "Building"
  run_child dotnet build "$root/Benchmarks" -c Release -v quiet --nologo -p:ArtifactsPath="$artifacts" >"$data/log/build.log" 2>&1 </dev/null || {
    grep -E 'error|NU[0-9]{4}' "$data/log/build.log" | sort -u | head -n 10 >&2
    die "The build failed; see $data/log/build.log."
  }
}

require_dotnet
mkdir -p "$data/log" || die "$data cannot be written to; name another folder with --data."
data=$(cd "$data" && pwd -P)
[ -n "$out" ] || out=${short:+$data/results}
[ -n "$out" ] || out=$root/Benchmarks/results
[ "${#scenarios[@]}" -gt 0 ] || scenarios=(all)
export GrainRuntime=Embedded
artifacts=${BENCH_ARTIFACTS:-$root/artifacts/Embedded}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
start_postgres
find_redis
build
run_child dotnet "$artifacts/bin/Benchmarks/release/OrleansBulk.Benchmarks.dll" run "${scenarios[@]}" ${short:+"$short"} --out "$out"
