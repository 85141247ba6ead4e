#!/usr/bin/env bash
# Starts OrleansBulk from a fresh clone: PostgreSQL, the simulator of all upstreams, and Web with the grains in its process.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=scripts/lib/process.sh
. "$root/scripts/lib/process.sh"
# shellcheck source=scripts/lib/postgres.sh
. "$root/scripts/lib/postgres.sh"
# shellcheck source=scripts/lib/web.sh
. "$root/scripts/lib/web.sh"
# shellcheck source=scripts/lib/demo.sh
. "$root/scripts/lib/demo.sh"

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

port='' data=$root/.data demo=yes live=no
while [ "$#" -gt 0 ]; do
  case $1 in
    --port | --data) [ "$#" -gt 1 ] || die "$1 needs a value; see scripts/run.sh --help." ;;
  esac
  case $1 in
    --port) port=$2 && shift ;;
    --port=*) port=${1#*=} ;;
    --data) data=$2 && shift ;;
    --data=*) data=${1#*=} ;;
    --no-demo) demo=no ;;
    --live) live=yes demo=no ;;
    --help | -h) usage && exit 0 ;;
    *) die "There is no option '$1'; see scripts/run.sh --help." ;;
  esac
  shift
done
case $port in
  '') ;;
  *[!0-9]* | 0* | ??????*) die "--port is '$port'; it must be a number from 1 to 65535." ;;
  *) [ "$port" -le 65535 ] || die "--port is '$port'; it must be a number from 1 to 65535." ;;
esac
[ -n "$data" ] || die "--data needs the name of a folder."

web_pid='' simulator_pid='' up=no

stop_all() {
  local code=$?
  trap '' INT TERM HUP
  trap - EXIT
  if [ -n "$running$web_pid$simulator_pid$postgres_pid" ]; then
    [ "$up" = no ] || printf '\n'
    step "Stopping"
  fi
  # What was being built, with all its processes; then in the order in which they need each other.
  [ -z "$running" ] || kill -s TERM -- "-$running" 2>/dev/null || true
  stop_child "$running" TERM 10
  stop_child "$web_pid" TERM 20
  stop_child "$simulator_pid" TERM 5
  postgres_stop
  [ "$(cat "$data/run.pid" 2>/dev/null)" != "$$" ] || rm -f "$data/run.pid"
  exit "$code"
}

# Being told to stop is how a run ends well; while it starts, it is not.
stop_by_signal() {
  [ "$up" = no ] || exit 0
  exit "$1"
}

claim_data_folder() {
  mkdir -p "$data" 2>/dev/null && [ -w "$data" ] || die "$data cannot be written to; name another folder with --data."
  data=$(cd "$data" && pwd -P)
  mkdir -p "$data/log"
  local other
  other=$(cat "$data/run.pid" 2>/dev/null || true)
  if [ -n "$other" ] && [ "$other" != "$$" ] && kill -0 "$other" 2>/dev/null && command_of "$other" | grep -q 'run\.sh'; then
    die "Process $other runs with $data already: stop it, or use another folder with --data."
  fi
  printf '%s\n' "$$" >"$data/run.pid"
}

check_port() {
  [ -z "$port" ] || ! port_taken "$port" || die "Port $port is taken: name another one with --port, or leave --port out."
}

# Not before Web starts: another clone may take it while this one builds.
choose_port() {
  check_port
  [ -z "$port" ] || return 0
  for port in $(seq 5080 5179); do
    port_taken "$port" || break
  done
  [ "$port" = 5080 ] || say "Port 5080 is taken; using $port."
}

start_postgres() {
  if [ -n "${ConnectionStrings__Bulk:-}" ]; then
    step "Using the PostgreSQL of ConnectionStrings__Bulk"
    return
  fi
  postgres_require
  step "Starting PostgreSQL"
  postgres_start "$data" durable
  export ConnectionStrings__Bulk=$postgres_connection
}

make_credentials() {
  local file=$data/credentials
  if [ ! -s "$file" ]; then
    (umask 077 && printf 'ADMIN_PASSWORD=%s\nAPI_KEY=bulk_%s\n' "$(random_text 20)" "$(random_text 43)" >"$file.new")
    mv "$file.new" "$file"
    new_credentials=yes
  fi
  admin_password=$(sed -n 's/^ADMIN_PASSWORD=//p' "$file")
  api_key=$(sed -n 's/^API_KEY=//p' "$file")
  [ -n "$admin_password" ] && [ -n "$api_key" ] || die "$file must have the lines ADMIN_PASSWORD=… and API_KEY=…; remove it to have it made anew with a new database."
}

# Web and simulator, in the embedded flavour whatever the environment says. Nothing newer than the last build: nothing to do.
build() {
  export GrainRuntime=Embedded
  bin=$root/artifacts/Embedded/bin
  local stamp=$root/artifacts/Embedded/run.stamp log=$data/log/build.log restore=() project
  local sources=("$root"/{Grains.Abstractions,Grains,Orleans.Embedded,Silo,Web,Simulator,scripts/sql,Directory.Build.props,Directory.Build.targets,Directory.Packages.props,global.json,.editorconfig})
  if [ -f "$stamp" ] && [ -f "$bin/Web/release/OrleansBulk.Web.dll" ] && [ -f "$bin/Simulator/release/OrleansBulk.Simulator.dll" ]; then
    [ -n "$(find "${sources[@]}" -newer "$stamp" -print -quit)" ] || return 0
    [ -n "$(find "${sources[@]}" \( -name '*.csproj' -o -name '*.props' -o -name '*.targets' -o -name global.json \) -newer "$stamp" -print -quit)" ] || restore=(--no-restore)
  fi
  step "Building${restore[0]:+ what changed}"
  mkdir -p "$(dirname "$stamp")"
  touch "$stamp.new"
  : >"$log"
  for project in Web Simulator; do
    run_child dotnet build "$root/$project" -c Release -v quiet --nologo "${restore[@]+"${restore[@]}"}" >>"$log" 2>&1 </dev/null || {
      grep -E 'error|NU[0-9]{4}' "$log" | sort -u | head -n 10 >&2
      die "The build of $project failed; see $log."
    }
  done
  mv "$stamp.new" "$stamp"
}

start_simulator() {
  [ "$live" = no ] || return 0
  step "Starting the simulator of the upstreams"
  find_free_port
  (cd "$root/Simulator" && exec_child TERM dotnet "$bin/Simulator/release/OrleansBulk.Simulator.dll" --urls "http://127.0.0.1:$free_port") >"$data/log/simulator.log" 2>&1 </dev/null &
  simulator_pid=$!
  export Upstreams__SimulatorUrl=http://127.0.0.1:$free_port Upstreams__github__Token=simulated
}

start_web() {
  step "Starting Web"
  [ ! -s "$data/log/web.log" ] || mv "$data/log/web.log" "$data/log/web.log.1"
  (
    cd "$root/Web"
    export BULK_ADMIN_PASSWORD=$admin_password BULK_API_KEY=$api_key
    export ASPNETCORE_ENVIRONMENT=${ASPNETCORE_ENVIRONMENT:-Production}
    if [ "$live" = yes ]; then
      export Upstreams__Mode=Live
    else
      export Upstreams__Mode=Simulated
    fi
    exec_child TERM dotnet "$bin/Web/release/OrleansBulk.Web.dll" --urls "http://localhost:$port"
  ) >"$data/log/web.log" 2>&1 </dev/null &
  web_pid=$!
  web_wait_until_ready || {
    tail -n 5 "$data/log/web.log" >&2
    die "Web did not start; see $data/log/web.log."
  }
}

tell() {
  up=yes
  printf '\n  %sOrleansBulk is up at %shttp://localhost:%s%s\n' "$bold" "$green" "$port" "$plain"
  if [ "${new_credentials:-no}" = yes ]; then
    printf '  Sign in as %sadmin%s with %s%s%s\n  API key    %s%s%s\n  %s(both are kept in %s)%s\n\n' \
      "$bold" "$plain" "$bold" "$admin_password" "$plain" "$bold" "$api_key" "$plain" "$dim" "$data/credentials" "$plain"
  else
    printf '  Sign in as %sadmin%s; password and API key are in %s\n\n' "$bold" "$plain" "$data/credentials"
  fi
}

# Until one of the children ends, or a signal comes.
stay_up() {
  say "Ctrl-C stops it."
  wait -n 2>/dev/null || wait "$web_pid" || true
  up=no
  local name=PostgreSQL
  [ -z "$simulator_pid" ] || kill -0 "$simulator_pid" 2>/dev/null || name='The simulator'
  kill -0 "$web_pid" 2>/dev/null || name=Web
  die "$name ended by itself; see $data/log."
}

require_dotnet
claim_data_folder
trap stop_all EXIT
trap 'stop_by_signal 130' INT
trap 'stop_by_signal 143' TERM
trap 'stop_by_signal 129' HUP
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
