# shellcheck shell=bash
# The steps by which run.sh and cluster.sh start the service, and how they stop it. Those scripts set what is asked for:
#   port (empty: choose one), data (folder), demo and live (yes or no), flavour (Embedded or Orleans).

# shellcheck source=scripts/lib/process.sh
. "$root/scripts/lib/process.sh"
# shellcheck source=scripts/lib/postgres.sh
. "$root/scripts/lib/postgres.sh"
# shellcheck source=scripts/lib/web.sh
. "$root/scripts/lib/web.sh"
# shellcheck source=scripts/lib/demo.sh
. "$root/scripts/lib/demo.sh"

port='' data='' demo=yes live=no flavour=Embedded
web_pid='' simulator_pid='' silo_pids=() up=no

# Takes one option off the arguments. Sets taken to how many words it was; 0: it is none of these.
take_option() {
  taken=1
  case $1 in
    --port | --data)
      [ "$#" -gt 1 ] || die "$1 needs a value; see $0 --help."
      taken=2
      ;;
  esac
  case $1 in
    --port) port=$2 && check_number --port "$port" 1 65535 ;;
    --port=*) port=${1#*=} && check_number --port "$port" 1 65535 ;;
    --data) data=$2 ;;
    --data=*) data=${1#*=} ;;
    --no-demo) demo=no ;;
    --live) live=yes demo=no ;;
    --help | -h) usage && exit 0 ;;
    *) taken=0 ;;
  esac
  [ -n "$data" ] || die "--data needs the name of a folder."
}

#   check_number NAME TEXT LOWEST HIGHEST
check_number() {
  case $2 in
    '' | *[!0-9]* | 0[0-9]* | ??????*) die "$1 is '$2'; it must be a number from $3 to $4." ;;
  esac
  [ "$2" -ge "$3" ] && [ "$2" -le "$4" ] || die "$1 is '$2'; it must be a number from $3 to $4."
}

# From here on, whatever ends the script stops what it started.
stop_at_the_end() {
  trap stop_all EXIT
  trap 'stop_by_signal 130' INT
  trap 'stop_by_signal 143' TERM
  trap 'stop_by_signal 129' HUP
}

stop_all() {
  local code=$? pid
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
  for pid in "${silo_pids[@]+"${silo_pids[@]}"}"; do
    kill -s TERM "$pid" 2>/dev/null || true
  done
  for pid in "${silo_pids[@]+"${silo_pids[@]}"}"; do
    stop_child "$pid" TERM 20
  done
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
  export ProviderFiles__UploadFolder=${ProviderFiles__UploadFolder:-$data/files}
  local other
  other=$(cat "$data/run.pid" 2>/dev/null || true)
  if [ -n "$other" ] && [ "$other" != "$$" ] && kill -0 "$other" 2>/dev/null && command_of "$other" | grep -qE '(run|cluster)\.sh'; then
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
  [ -n "$admin_password" ] && [ -n "$api_key" ] || die "$file must have the lines ADMIN_PASSWORD=… and API_KEY=…: correct it, or move $data away to begin anew."
}

# Builds projects in the flavour, whatever the environment says. Nothing newer than the last build: nothing to do.
build() {
  export GrainRuntime=$flavour
  bin=$root/artifacts/$flavour/bin
  local stamp=$root/artifacts/$flavour/run.stamp log=$data/log/build.log restore=() project
  local sources=("$root"/{Grains.Abstractions,Grains,Orleans.Embedded,Silo,Web,Simulator,scripts/sql,Directory.Build.props,Directory.Build.targets,Directory.Packages.props,global.json,.editorconfig})
  if [ -f "$stamp" ] && [ -f "$bin/Web/release/OrleansBulk.Web.dll" ] && [ -f "$bin/Simulator/release/OrleansBulk.Simulator.dll" ]; then
    [ -n "$(find "${sources[@]}" -newer "$stamp" -print -quit)" ] || return 0
    [ -n "$(find "${sources[@]}" \( -name '*.csproj' -o -name '*.props' -o -name '*.targets' -o -name global.json \) -newer "$stamp" -print -quit)" ] || restore=(--no-restore)
  fi
  step "Building${restore[0]:+ what changed}"
  mkdir -p "$(dirname "$stamp")"
  touch "$stamp.new"
  : >"$log"
  # Web brings Silo with it.
  for project in Web Simulator; do
    run_child dotnet build "$root/$project" -c Release -v quiet --nologo "${restore[@]+"${restore[@]}"}" >>"$log" 2>&1 </dev/null || {
      grep -E 'error|NU[0-9]{4}' "$log" | sort -u | head -n 10 >&2
      die "The build of $project failed; see $log."
    }
  done
  mv "$stamp.new" "$stamp"
}

start_simulator() {
  if [ "$live" = yes ]; then
    export Upstreams__Mode=Live
    return
  fi
  step "Starting the simulator of the upstreams"
  find_free_port
  (cd "$root/Simulator" && exec_child TERM dotnet "$bin/Simulator/release/OrleansBulk.Simulator.dll" --urls "http://127.0.0.1:$free_port") >"$data/log/simulator.log" 2>&1 </dev/null &
  simulator_pid=$!
  export Upstreams__Mode=Simulated Upstreams__SimulatorUrl=http://127.0.0.1:$free_port Upstreams__github__Token=simulated
}

# A log of this start; that of the one before stays as NAME.log.1.
new_log() {
  log=$data/log/$1.log
  [ ! -s "$log" ] || mv "$log" "$log.1"
}

start_web() {
  step "Starting Web"
  local log
  new_log web
  (
    cd "$root/Web"
    export BULK_ADMIN_PASSWORD=$admin_password BULK_API_KEY=$api_key ASPNETCORE_ENVIRONMENT=${ASPNETCORE_ENVIRONMENT:-Production}
    export Tabs__Files__Folder=${Tabs__Files__Folder:-$data/tabs}
    exec_child TERM dotnet "$bin/Web/release/OrleansBulk.Web.dll" --urls "http://localhost:$port"
  ) >"$log" 2>&1 </dev/null &
  web_pid=$!
  web_wait_until_ready || {
    tail -n 5 "$log" >&2
    die "Web did not start; see $log."
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

# Until Web, the simulator or PostgreSQL ends, or a signal comes. A silo may end: the others go on.
stay_up() {
  say "Ctrl-C stops it."
  local pid silos
  while kill -0 "$web_pid" 2>/dev/null && { [ -z "$simulator_pid" ] || kill -0 "$simulator_pid" 2>/dev/null; } && { [ -z "$postgres_pid" ] || kill -0 "$postgres_pid" 2>/dev/null; }; do
    silos=()
    for pid in "${silo_pids[@]+"${silo_pids[@]}"}"; do
      if kill -0 "$pid" 2>/dev/null; then
        silos+=("$pid")
      else
        say "The silo with process $pid has ended; the others go on."
      fi
    done
    silo_pids=("${silos[@]+"${silos[@]}"}")
    wait -n 2>/dev/null || wait "$web_pid" || true
  done
  up=no
  local name=PostgreSQL
  [ -z "$simulator_pid" ] || kill -0 "$simulator_pid" 2>/dev/null || name='The simulator'
  kill -0 "$web_pid" 2>/dev/null || name=Web
  die "$name ended by itself; see $data/log."
}
