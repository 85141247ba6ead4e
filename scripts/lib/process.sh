# shellcheck shell=bash
# Messages, ports, and children that end with the script. Sourced by the scripts beside this folder.

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' cyan=$'\e[36m' plain=$'\e[0m'
else
  bold='' dim='' red='' green='' cyan='' plain=''
fi

say() { printf '%s\n' "$*"; }
step() { printf '%s▸%s %s\n' "$cyan" "$plain" "$*"; }
die() {
  printf '%s%s%s\n' "$red" "$*" "$plain" >&2
  exit 1
}

is_root() { [ "$(id -u)" = 0 ]; }
have() { command -v "$1" >/dev/null 2>&1; }

# The command line of a process; minimal systems have no ps.
command_of() {
  if [ -r "/proc/$1/cmdline" ]; then
    tr '\0' ' ' <"/proc/$1/cmdline"
  else
    ps -o args= -p "$1" 2>/dev/null || true
  fi
}

# A random text of letters and digits, of the given length.
random_text() {
  local text=''
  while [ "${#text}" -lt "$1" ]; do
    text+=$(head -c 64 /dev/urandom | base64 | tr -dc 'A-Za-z0-9')
  done
  printf '%s' "${text:0:$1}"
}

# Whether something listens on this port of the loopback.
port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Sets free_port: below the range from which systems give ports to outgoing connections, so that it is still free the next time.
find_free_port() {
  local try
  for try in $(seq 1 50); do
    free_port=$((20000 + (RANDOM * 32768 + RANDOM + try) % 10000))
    port_taken "$free_port" || return 0
  done
  die "No free port between 20000 and 29999 was found in 50 tries."
}

# Replaces this (sub)shell by a program in a session of its own. Ctrl-C reaches the script only, which stops its children in order; where the system can
# (Linux), the program gets the signal when the script ends in any other way. Use as: exec_child TERM program … &
exec_child() {
  local signal=$1
  shift
  if have setsid && have setpriv; then
    exec setsid setpriv --pdeathsig "$signal" -- "$@"
  elif have setsid; then
    exec setsid "$@"
  else
    exec "$@"
  fi
}

# Tells a child to stop and waits; what is left of it after the time is killed.
#   stop_child PID SIGNAL SECONDS
stop_child() {
  local pid=$1 signal=$2 tenths=$(($3 * 10))
  [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || return 0
  kill -s "$signal" "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null; do
    if [ "$tenths" -le 0 ]; then
      kill -s KILL -- "-$pid" 2>/dev/null || kill -s KILL "$pid" 2>/dev/null || true
      break
    fi
    tenths=$((tenths - 1))
    sleep 0.1
  done
  wait "$pid" 2>/dev/null || true
}

# Runs a program to its end in a way that a signal to the script can break: bash would wait for a program in the foreground before it runs its traps.
# Sets running to its process while it runs; the script's own cleanup stops it.
running=''
run_child() {
  exec_child TERM "$@" &
  running=$!
  local code=0
  wait "$running" || code=$?
  running=''
  return "$code"
}

# Checks that the SDK which global.json asks for is there.
require_dotnet() {
  have dotnet || die "The .NET SDK is missing: install .NET 10 (https://dotnet.microsoft.com/download/dotnet/10.0) and run this again."
  (cd "$root" && dotnet --version >/dev/null 2>&1 </dev/null) ||
    die "The .NET SDK that global.json asks for ($(sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' "$root/global.json") or a later 10.0) is missing; there is: $(dotnet --list-sdks 2>/dev/null </dev/null | cut -d' ' -f1 | tr '\n' ' ')"
  export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
  # No server of the compiler or of MSBuild stays behind.
  export MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false DOTNET_CLI_USE_MSBUILD_SERVER=0
}

# Why a restore failed, in a few words from its log.
restore_trouble() {
  { grep -o 'NU1101: Unable to find package [A-Za-z.]*' "$1" || grep -o 'NU[0-9]\{4\}: .*' "$1" | cut -c 1-160 || echo 'no answer in time'; } | head -n 1
}
