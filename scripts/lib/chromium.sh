# shellcheck shell=bash
# A Chromium for the tests in a browser: found, or installed with apt where that needs no question. Sourced by test.sh.

chromium_find() {
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    ! have "$name" || return 0
  done
  [ -n "${CHROMIUM:-}" ]
}

# Without one those tests are skipped, and say what is missing: a machine that cannot have it tests everything else.
chromium_require() {
  chromium_find && return 0
  local sudo='' log
  have apt-get || return 0
  if ! is_root; then
    have sudo && sudo -n true 2>/dev/null || return 0
    sudo=sudo
  fi
  step "Installing Chromium with apt"
  log=$(mktemp)
  if ! { run_child $sudo apt-get update && run_child $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; } >"$log" 2>&1 </dev/null; then
    say "Chromium could not be installed ($(tail -n 1 "$log")): the tests in a browser are skipped."
  fi
  rm -f "$log"
}
