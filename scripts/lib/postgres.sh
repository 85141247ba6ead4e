#!/usr/bin/env bash
# A PostgreSQL of one's own: found (or installed with apt), made, started, stopped. Sourced by the other scripts; tests run it as a command:
#
#   postgres.sh run DIR     keeps a throw-away server in DIR until its input ends or it gets SIGTERM. Prints "ready PID CONNECTION-STRING" once it answers.
#
# It listens on the loopback only, with a port and passwords of its own, which it keeps in DIR/postgres.env for the next start. PostgreSQL refuses to run as
# root, so for root it runs as the user postgres, or as orleansbulk, which is made if need be.

postgres_oldest=15
postgres_bin=''
postgres_pid=''
postgres_port=''
postgres_connection=''        # for the service: its own role and database
postgres_server_connection='' # for tests, which make databases

postgres_version() { "$1/postgres" --version 2>/dev/null | sed -n 's/.* \([0-9][0-9]*\)[.a-z].*/\1/p'; }

# Sets postgres_bin to the folder of the newest server there is.
postgres_find() {
  local folder version best=0
  for folder in "${POSTGRES_BIN:-}" "$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
    /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin /usr/local/pgsql/bin "$(dirname "$(command -v postgres 2>/dev/null || echo /none/x)")"; do
    [ -n "$folder" ] && [ -x "$folder/postgres" ] && [ -x "$folder/initdb" ] && [ -x "$folder/psql" ] || continue
    version=$(postgres_version "$folder")
    if [ "${version:-0}" -gt "$best" ]; then
      best=$version postgres_bin=$folder
    fi
  done
  [ "$best" -ge "$postgres_oldest" ] && return 0
  postgres_bin=''
  return 1
}

# Finds a server, or installs one where that needs no question.
postgres_require() {
  postgres_find && return 0
  local wanted="install PostgreSQL $postgres_oldest or later (its server), or set ConnectionStrings__Bulk to one that runs already"
  have apt-get || die "PostgreSQL is missing: $wanted."
  local sudo=''
  if ! is_root; then
    have sudo && sudo -n true 2>/dev/null || die "PostgreSQL is missing, and installing it needs root: $wanted (sudo apt-get install postgresql)."
    sudo=sudo
  fi
  step "Installing PostgreSQL with apt"
  local log
  log=$(mktemp)
  # Without its usual service: only the programs are wanted here.
  if ! { run_child $sudo apt-get update &&
    run_child $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql-common &&
    run_child $sudo sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf &&
    run_child $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql; } >"$log" 2>&1 </dev/null; then
    tail -n 5 "$log" >&2
    rm -f "$log"
    die "PostgreSQL is missing and could not be installed with apt: $wanted."
  fi
  rm -f "$log"
  postgres_find || die "apt installed a PostgreSQL older than $postgres_oldest: $wanted."
}

# The user that the server runs as, when we are root; empty otherwise.
postgres_user() {
  is_root || return 0
  local user
  for user in postgres orleansbulk; do
    if id "$user" >/dev/null 2>&1; then
      printf '%s' "$user"
      return 0
    fi
  done
  if have useradd; then
    useradd --system --no-create-home --shell /usr/sbin/nologin orleansbulk >&2
  elif have adduser; then
    adduser -S -D -H orleansbulk >&2
  else
    die "PostgreSQL does not run as root, and there is no useradd to make a user for it: make a user named postgres and run this again."
  fi
  printf 'orleansbulk'
}

# Replaces this (sub)shell by a program that runs as that user.
postgres_exec() {
  local user
  user=$(postgres_user)
  if [ -z "$user" ]; then
    exec "$@"
  elif have setpriv; then
    exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@"
  else
    exec su -s /bin/sh "$user" -c 'exec "$0" "$@"' -- "$@"
  fi
}

postgres_as() { (postgres_exec "$@"); }

# Sets postgres_data. A folder that the server's user cannot reach (the clone is in root's home, say) gets a link to one below /var/lib instead: opening the
# folders above it to others would be worse.
postgres_place() {
  local dir=$1 user
  user=$(postgres_user)
  postgres_data=$dir/postgres
  if [ -L "$postgres_data" ]; then
    postgres_data=$(readlink "$postgres_data")
    mkdir -p "$(dirname "$postgres_data")"
  elif [ -n "$user" ] && ! (cd / && postgres_as test -x "$dir"); then
    mkdir -p /var/lib/orleans-bulk
    chmod 755 /var/lib/orleans-bulk
    postgres_data=$(mktemp -d /var/lib/orleans-bulk/XXXXXXXX)
    chmod 755 "$postgres_data"
    postgres_data=$postgres_data/postgres
    ln -s "$postgres_data" "$dir/postgres"
    say "The user $user, as which PostgreSQL runs, cannot reach $dir: its data goes to $postgres_data (remove that too when you remove $dir)."
  fi
}

# Makes the data folder. What a start that was killed left half done is made anew.
postgres_init() {
  local dir=$1 user
  user=$(postgres_user)
  [ -f "$postgres_data/PG_VERSION" ] && return 0
  [ ! -e "$postgres_data" ] || die "$postgres_data is there, but is no PostgreSQL data folder: move it away and run this again."
  local making=$postgres_data.making locale=(--no-locale)
  rm -rf "$making"
  mkdir -p "$making"
  chmod 700 "$making"
  if locale -a 2>/dev/null | grep -qi '^C\.utf-\?8$'; then
    locale=(--locale=C.UTF-8)
  fi
  (umask 077 && printf '%s' "$postgres_superuser_password" >"$making.password")
  [ -z "$user" ] || chown "$user" "$making" "$making.password"
  if ! (cd / && postgres_as "$postgres_bin/initdb" -D "$making" -U postgres -E UTF8 "${locale[@]}" --auth=scram-sha-256 --pwfile="$making.password" --no-sync) >"$dir/log/initdb.log" 2>&1; then
    tail -n 5 "$dir/log/initdb.log" >&2
    die "PostgreSQL could not make its data folder $making; see $dir/log/initdb.log."
  fi
  rm -f "$making.password"
  mv "$making" "$postgres_data"
}

# Whether this process is a server of that folder. A number may have been given to another program since.
postgres_is() { kill -0 "$1" 2>/dev/null && command_of "$1" | grep -qF -- "$postgres_data"; }

# A server that was killed leaves postmaster.pid behind. PostgreSQL sees for itself that nobody has that number, but not that somebody else has it.
postgres_clear_stale() {
  local pid
  [ -f "$postgres_data/postmaster.pid" ] || return 0
  pid=$(head -n 1 "$postgres_data/postmaster.pid")
  case $pid in '' | *[!0-9]*) pid=0 ;; esac
  if [ "$pid" -gt 0 ] && postgres_is "$pid"; then
    # From a start that ended without stopping it.
    kill -s INT "$pid" 2>/dev/null || true
    local tenths=200
    while kill -0 "$pid" 2>/dev/null && [ "$tenths" -gt 0 ]; do
      tenths=$((tenths - 1))
      sleep 0.1
    done
    ! kill -0 "$pid" 2>/dev/null || die "A PostgreSQL (process $pid) still works on $postgres_data and does not stop."
  fi
  rm -f "$postgres_data/postmaster.pid"
}

postgres_save() {
  (umask 077 && printf 'postgres_port=%s\npostgres_password=%s\npostgres_superuser_password=%s\n' "$postgres_port" "$postgres_password" "$postgres_superuser_password" >"$1/postgres.env.new")
  mv "$1/postgres.env.new" "$1/postgres.env"
}

# Starts the server of a folder and waits until it answers. Sets postgres_pid, postgres_port, postgres_connection.
#   postgres_start DIR durable|throwaway
postgres_start() {
  local dir=$1 kind=$2 user
  mkdir -p "$dir/log"
  dir=$(cd "$dir" && pwd -P)
  user=$(postgres_user)
  postgres_place "$dir"
  postgres_password='' postgres_superuser_password='' postgres_port=''
  if [ -f "$dir/postgres.env" ]; then
    # shellcheck disable=SC1091
    . "$dir/postgres.env"
  elif [ -f "$postgres_data/PG_VERSION" ]; then
    die "$dir/postgres.env, which holds the passwords of the PostgreSQL in $postgres_data, is missing: bring it back, or move $dir away to begin anew."
  fi
  if [ -z "$postgres_password" ]; then
    postgres_password=$(random_text 32) postgres_superuser_password=$(random_text 32)
    find_free_port
    postgres_port=$free_port
    postgres_save "$dir"
  fi
  postgres_init "$dir"
  local has
  has=$(cat "$postgres_data/PG_VERSION")
  if [ "$has" != "$(postgres_version "$postgres_bin")" ]; then
    [ -x "/usr/lib/postgresql/$has/bin/postgres" ] || die "$postgres_data was made by PostgreSQL $has, which is not installed any more: install it, or move $dir away to begin anew."
    postgres_bin=/usr/lib/postgresql/$has/bin
  fi
  postgres_clear_stale

  local settings=(-c "listen_addresses=127.0.0.1" -c "unix_socket_directories=" -c "max_wal_size=2GB" -c "shared_buffers=256MB") try
  if [ "$kind" = throwaway ]; then
    # Nothing here need survive a power cut. Commits stay synchronous: a kill must lose none.
    settings+=(-c fsync=off -c full_page_writes=off -c max_connections=300 -c "max_wal_size=4GB")
  fi
  for try in 1 2 3 4 5 6 7 8; do
    if port_taken "$postgres_port"; then
      find_free_port
      postgres_port=$free_port
      postgres_save "$dir"
    fi
    postgres_launch "$dir" "${settings[@]}" && break
    # A taken port that was free a moment ago, or memory that the last processes of a killed server still hold.
    [ "$try" -lt 8 ] && tail -n 20 "$dir/log/postgres.log" | grep -qE 'Address already in use|could not bind|shared memory block|lock file' || {
      tail -n 10 "$dir/log/postgres.log" >&2
      die "PostgreSQL did not start; see $dir/log/postgres.log."
    }
    sleep 0.5
  done

  postgres_prepare "$dir"
  postgres_connection="Host=127.0.0.1;Port=$postgres_port;Database=bulk;Username=bulk;Password=$postgres_password"
  postgres_server_connection="Host=127.0.0.1;Port=$postgres_port;Database=postgres;Username=postgres;Password=$postgres_superuser_password"
}

# Starts the process; false when it ends before it is ready.
postgres_launch() {
  local dir=$1
  shift
  (cd / && postgres_exec_child "$postgres_bin/postgres" -D "$postgres_data" -p "$postgres_port" "$@") >>"$dir/log/postgres.log" 2>&1 </dev/null &
  postgres_pid=$!
  # The last line of its file says "ready"; after a crash it recovers first, which may take its time.
  while [ "$(sed -n '1p' "$postgres_data/postmaster.pid" 2>/dev/null)" != "$postgres_pid" ] || ! sed -n '8p' "$postgres_data/postmaster.pid" 2>/dev/null | grep -q '^ready'; do
    if ! kill -0 "$postgres_pid" 2>/dev/null; then
      wait "$postgres_pid" 2>/dev/null || true
      postgres_pid=''
      return 1
    fi
    sleep 0.05
  done
}

postgres_exec_child() {
  local user
  user=$(postgres_user)
  if have setsid && have setpriv; then
    # The signal is set last: a change of user would clear it.
    if [ -n "$user" ]; then
      exec setsid setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- setpriv --pdeathsig INT -- "$@"
    fi
    exec setsid setpriv --pdeathsig INT -- "$@"
  fi
  postgres_exec "$@"
}

# The role and the database of the service: again and again, since a first start may have been killed between any two steps.
postgres_prepare() {
  PGPASSWORD=$postgres_superuser_password "$postgres_bin/psql" -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$postgres_port" -U postgres -d postgres \
    -v password="$postgres_password" >"$1/log/prepare.log" 2>&1 <<'SQL' || { tail -n 5 "$1/log/prepare.log" >&2; die "PostgreSQL runs, but its database could not be made; see $1/log/prepare.log."; }
SELECT 'CREATE ROLE bulk LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bulk') \gexec
SELECT format('ALTER ROLE bulk PASSWORD %L', :'password') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'bulk') \gexec
SELECT 'CREATE DATABASE bulk OWNER bulk' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'bulk') \gexec
SQL
}

# Stops the server: at once for its sessions, in order for its data.
postgres_stop() {
  stop_child "$postgres_pid" INT 20
  postgres_pid=''
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  set -euo pipefail
  # shellcheck source=scripts/lib/process.sh
  . "$(dirname "${BASH_SOURCE[0]}")/process.sh"
  [ "$#" = 2 ] && [ "$1" = run ] || die "Usage: postgres.sh run DIR"
  trap postgres_stop EXIT
  trap 'exit 0' TERM INT HUP
  mkdir -p "$2"
  postgres_require
  postgres_start "$2" throwaway
  say "ready $postgres_pid $postgres_connection"
  while kill -0 "$postgres_pid" 2>/dev/null; do
    code=0
    read -r -t 1 || code=$?
    # Above 128: nothing yet. Else the input has ended, and with it the one who wanted the server.
    [ "$code" -gt 128 ] || break
  done
fi
