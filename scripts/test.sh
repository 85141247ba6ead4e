#!/usr/bin/env bash
# Runs all tests: with a PostgreSQL of its own that is thrown away, in the embedded flavour, and the grain tests in the Orleans flavour where its packages
# can be had. Arguments go on to dotnet test (scripts/test.sh --filter FullyQualifiedName~Jobs). The last line is: N passed, N failed, N skipped
#
# ConnectionStrings__BulkTest in the environment names a server to use instead; its user must be allowed to make databases.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=scripts/lib/process.sh
. "$root/scripts/lib/process.sh"
# shellcheck source=scripts/lib/postgres.sh
. "$root/scripts/lib/postgres.sh"
# shellcheck source=scripts/lib/chromium.sh
. "$root/scripts/lib/chromium.sh"

case ${1:-} in --help | -h) sed -n '2,6s/^# \{0,1\}//p' "$0" && exit 0 ;; esac

passed=0 failed=0 skipped=0 work='' building=''

clean_up() {
  local code=$?
  trap '' INT TERM HUP
  trap - EXIT
  [ -z "$running" ] || kill -s TERM -- "-$running" 2>/dev/null || true
  stop_child "$running" TERM 5
  [ -z "$building" ] || kill -s TERM -- "-$building" 2>/dev/null || true
  stop_child "$building" TERM 5
  postgres_stop
  [ -z "$work" ] || rm -rf "$work"
  exit "$code"
}

# In memory where there is room: tests commit all the time.
make_work_folder() {
  local place=${TMPDIR:-/tmp}
  if [ -w /dev/shm ] && [ "$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')" -gt 2000000 ]; then
    place=/dev/shm
  fi
  remove_leftovers "$place"
  work=$(mktemp -d "$place/bulk-test.XXXXXXXX")
  chmod 755 "$work"
  printf '%s\n' "$$" >"$work/pid"
}

# Of runs that were killed: memory would fill up with them.
remove_leftovers() {
  local folder pid
  for folder in "$1"/bulk-test.*; do
    pid=$(cat "$folder/pid" 2>/dev/null) && ! kill -0 "$pid" 2>/dev/null || continue
    rm -rf "$folder"
  done
}

start_postgres() {
  [ -z "${ConnectionStrings__BulkTest:-}" ] || return 0
  postgres_require
  step "Starting a PostgreSQL to throw away"
  postgres_start "$work/postgres" throwaway
  export ConnectionStrings__BulkTest=$postgres_server_connection
}

# The number of an attribute of a trx file's Counters.
counter() { sed -n "s/.*<Counters[^>]* $1=\"\([0-9]*\)\".*/\1/p" "$trx" | head -n 1; }

# Runs the tests of one flavour and adds up what came of them. A run that breaks off (a crash, a hang) counts as one failure more.
#   run_flavour NAME ARGUMENTS…
run_flavour() {
  local name=$1 trx=$work/results/$1.trx code=0 total executed bad
  shift
  run_child dotnet test "$root/Tests" -c Release --no-build --nologo --results-directory "$work/results" --logger "trx;LogFileName=$name.trx" --logger "console;verbosity=minimal" \
    --blame-hang-timeout "${BULK_TEST_HANG:-4min}" --blame-hang-dump-type none "$@" </dev/null || code=$?
  if [ ! -s "$trx" ]; then
    # Nothing matched, or nothing ran.
    ran=0
    [ "$code" = 0 ] || failed=$((failed + 1))
    return 0
  fi
  total=$(counter total) executed=$(counter executed)
  bad=$(($(counter failed) + $(counter error) + $(counter timeout) + $(counter aborted)))
  [ "$code" = 0 ] || [ "$bad" -gt 0 ] || bad=1
  passed=$((passed + $(counter passed)))
  failed=$((failed + bad))
  skipped=$((skipped + total - executed))
  ran=$executed
}

# Builds the Orleans flavour beside the tests of the other one, which leave the processors idle a third of their time. Without analyzers: they have looked at the same sources.
# A source of packages that does not answer within two minutes is as good as none.
begin_orleans() {
  # shellcheck disable=SC2016
  local limit='' script='$1 dotnet restore "$2" -v quiet >"$3/restore.log" 2>&1 || exit 3; dotnet build "$2" -c Release -v quiet --nologo --no-restore -p:RunAnalyzers=false || exit 4'
  ! have timeout || limit='timeout 120'
  step "Building the tests of the Orleans flavour beside them"
  exec_child TERM env GrainRuntime=Orleans nice -n 10 bash -c "$script" build "$limit" "$root/Tests" "$work" </dev/null >"$work/build.log" 2>&1 &
  building=$!
}

# Waits for it; answers whether the packages could be had.
end_orleans() {
  local code=0
  wait "$building" || code=$?
  building=''
  [ "$code" != 0 ] || return 0
  if [ "$code" != 3 ]; then
    cat "$work/build.log"
    die "The build of the Orleans flavour failed."
  fi
  step "The packages of Orleans do not restore here ($(restore_trouble "$work/restore.log")), so the grain tests ran in the embedded flavour only."
  return 1
}

# The grain tests once more; what the caller filters by is added to that.
arguments=() filter='Category=Grains'
orleans_arguments() {
  while [ "$#" -gt 0 ]; do
    case $1 in
      --filter) [ "$#" -gt 1 ] && filter="($filter)&($2)" && shift ;;
      --filter=*) filter="($filter)&(${1#*=})" ;;
      *) arguments+=("$1") ;;
    esac
    shift
  done
  arguments+=(--filter "$filter")
}

require_dotnet
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
make_work_folder
start_postgres
chromium_require

export DOTNET_TieredPGO=0 # processes of a test live for seconds: measuring them for a better machine code costs more than it brings
export GrainRuntime=Embedded
step "Building the tests, Embedded flavour"
run_child dotnet build "$root/Tests" -c Release -v quiet --nologo </dev/null || die "The build failed."
[ "${BULK_TEST_FLAVOURS:-}" = Embedded ] || begin_orleans
step "Testing"
run_flavour Embedded "$@"
embedded=$ran

if [ -n "$building" ] && end_orleans; then
  export GrainRuntime=Orleans
  step "Testing the grains in the Orleans flavour"
  orleans_arguments "$@"
  run_flavour Orleans "${arguments[@]}"
  if [ "$ran" = 0 ] && [ "$#" = 0 ]; then
    failed=$((failed + 1))
    say "No grain test ran in the Orleans flavour, where at least one must: those with Category=Grains."
  fi
fi

[ "$embedded" -gt 0 ] || say "No test ran."
say "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$embedded" -gt 0 ]
