#!/usr/bin/env bash
# Makes trouble for as long as one likes while jobs run, and checks afterwards that nothing was lost and nothing doubled.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=scripts/lib/process.sh
. "$root/scripts/lib/process.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/chaos.sh [--minutes N] [--seed N]

Kills the service and the database, makes the upstreams limit, fail, hang and cut off, pauses and resumes, in random order, while two jobs run; then lets the
jobs come to their end and checks the ledgers and what the upstreams saw. The tests run a short form of it.

  --minutes N  how long trouble is made; 10
  --seed N     makes the same trouble again; the seed of a run is its first line
  --help       this text
TEXT
}

minutes=10 seed=''
while [ "$#" -gt 0 ]; do
  case $1 in
    --minutes | --seed) [[ ${2:-} =~ ^[1-9][0-9]{0,8}$ ]] || die "$1 needs a whole number above 0; see scripts/chaos.sh --help." ;;
  esac
  case $1 in
    --minutes) minutes=$2 && shift ;;
    --seed) seed=$2 && shift ;;
    --help | -h) usage && exit 0 ;;
    *) die "There is no option '$1'; see scripts/chaos.sh --help." ;;
  esac
  shift
done

export BULK_CHAOS_SECONDS=$((minutes * 60)) BULK_CHAOS_SEED=$seed BULK_TEST_HANG=$((minutes + 15))min BULK_TEST_FLAVOURS=Embedded
exec "$root/scripts/test.sh" --filter FullyQualifiedName~SoakTests --logger 'console;verbosity=detailed'
