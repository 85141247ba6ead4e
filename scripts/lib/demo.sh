# shellcheck shell=bash
# Fills a first run: registers 5,000 profiles, refreshes them, and shows the job live. Sourced by run.sh.

demo_count=5000

# A few on each platform do not exist, so that failures can be looked at.
demo_profiles() {
  demo_platform codeforces 4300 3 demo_
  demo_platform github 500 5 demo-
  demo_platform hackerrank 100 2 demo_
  demo_platform geeksforgeeks 60 1 demo_
  demo_platform leetcode 30 1 demo_
  demo_platform atcoder 10 0 demo_
}

#   demo_platform PLATFORM COUNT MISSING PREFIX
demo_platform() {
  local i
  for ((i = 1; i <= $2; i++)); do
    if [ "$i" -le "$3" ]; then
      printf '{"platform":"%s","handle":"missing%s%04d"}\n' "$1" "${4#demo}" "$i"
    else
      printf '{"platform":"%s","handle":"%s%04d"}\n' "$1" "$4" "$i"
    fi
  done
}

# Once per database. A job that was under way when the last run was stopped goes on by itself, and is shown again.
demo_run() {
  local marker=$data/demo job
  if [ "$(cat "$marker" 2>/dev/null)" = done ]; then
    return 0
  fi
  demo_register || return 0
  job=$demo_job
  demo_follow "$job"
  printf 'done\n' >"$marker"
}

demo_register() {
  local file=$data/demo.ndjson
  demo_profiles >"$file"
  http POST /api/coding-profiles "$file" application/x-ndjson || demo_sorry || return 1
  rm -f "$file"
  if [ "$http_status" = 401 ] || [ "$http_status" = 403 ]; then
    say "This database has keys of its own, so there are no demo profiles: put one into $data/credentials as API_KEY=…, or use --no-demo."
    return 1
  fi
  [ "$http_status" = 200 ] || demo_sorry || return 1
  printf '{"filter":{},"maxConcurrency":100}' >"$file"
  http POST /api/coding-profiles/admin/bulk-refresh "$file" application/json "Idempotency-Key: first-run-demo" || demo_sorry || return 1
  rm -f "$file"
  [ "$http_status" = 202 ] || [ "$http_status" = 200 ] || demo_sorry || return 1
  json_read id
  demo_job=$json
}

demo_sorry() {
  rm -f "$data/demo.ndjson"
  say "The demo profiles could not be refreshed (Web said $http_status: $(printf '%s' "$http_body" | head -c 300)); everything else is up."
  return 1
}

# A line that is drawn anew on a terminal; elsewhere one every five seconds.
demo_follow() {
  local tick=0 started=$SECONDS
  say "Refreshing $(thousands $demo_count) profiles  ${dim}http://localhost:$port/jobs/$1${plain}"
  while :; do
    if http GET "/api/jobs/$1" && [ "$http_status" = 200 ]; then
      json_read status
      local status=$json
      demo_line
      case $status in
        completed | cancelled | failed | paused)
          [ ! -t 1 ] || printf '\r\e[K'
          break
          ;;
      esac
      if [ -t 1 ]; then
        printf '\r\e[K%s' "$demo_text"
      elif [ $((tick % 20)) = 0 ]; then
        say "$demo_text"
      fi
    fi
    kill -0 "$web_pid" 2>/dev/null || return 0
    tick=$((tick + 1))
    sleep 0.25
  done
  demo_summary "$status" "$((SECONDS - started))" "$1"
}

# Sets demo_text from the JobView in http_body.
demo_line() {
  local columns=1000 submitted pending percent rate bound low high width=24 filled bar i
  [ ! -t 1 ] || columns=$(tput cols 2>/dev/null || echo 80)
  json_read submitted && submitted=${json:-0}
  json_read pending && pending=${json:-0}
  json_read percent && percent=${json:-0}
  json_read ratePerSecond && rate=${json:-0}
  json_read boundBy && bound=$json
  json_read low && low=$json
  json_read high && high=$json
  filled=$((width * ${percent%%.*} / 100))
  bar=''
  for ((i = 0; i < width; i++)); do
    if [ "$i" -lt "$filled" ]; then bar+=█; else bar+=░; fi
  done
  demo_text="$(printf '%5.1f %%  %s of %s' "$percent" "$(thousands $((submitted - pending)))" "$(thousands "$submitted")")  ${rate%%.*}/s"
  [ -z "$low" ] || demo_text+="  $low–$high s left"
  [ -z "$bound" ] || demo_text+="  $bound"
  if [ $((${#demo_text} + width + 2)) -lt "$columns" ]; then
    demo_text="$green$bar$plain $demo_text"
  else
    demo_text=${demo_text:0:$((columns - 1))}
  fi
}

#   demo_summary STATUS SECONDS JOB
demo_summary() {
  local succeeded failed skipped calls avoided
  json_read succeeded && succeeded=$(thousands "${json:-0}")
  json_read failed && failed=$(thousands "${json:-0}")
  json_read skipped && skipped=$(thousands "${json:-0}")
  json_read callsMade && calls=$(thousands "${json:-0}")
  json_read callsAvoided && avoided=$(thousands "${json:-0}")
  say "$bold$1$plain after $2 s: $succeeded refreshed, $failed failed, $skipped skipped, with $calls calls to upstreams; $avoided were not needed."
  [ "$failed" = 0 ] || say "Why some failed: http://localhost:$port/jobs/$3"
}

thousands() {
  local number=$1 text=''
  while [ "${#number}" -gt 3 ]; do
    text=,${number: -3}$text
    number=${number:0:$((${#number} - 3))}
  done
  printf '%s' "$number$text"
}
