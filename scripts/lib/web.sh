# shellcheck shell=bash
# Talks to Web at 127.0.0.1:$port with $api_key, with nothing but bash: a machine that has just the .NET SDK may have no curl.

http_status='' http_body=''

# Sets http_status (000: no answer) and http_body.
#   http METHOD PATH [FILE CONTENT-TYPE [HEADER]]
http() {
  local answer
  http_status=000 http_body=''
  answer=$(http_exchange "$@" 2>/dev/null) || return 1
  [ -n "$answer" ] || return 1
  http_status=${answer#* }
  http_status=${http_status%% *}
  http_body=${answer#*$'\r\n\r\n'}
}

# HTTP/1.0: the answer ends with the connection, and comes in one piece.
http_exchange() {
  local method=$1 path=$2 file=${3:-} type=${4:-} header=${5:-} patience=()
  ! have timeout || patience=(timeout --foreground 60)
  exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
  {
    printf '%s %s HTTP/1.0\r\nHost: localhost:%s\r\nAccept: application/json\r\nX-Api-Key: %s\r\n' "$method" "$path" "$port" "$api_key"
    [ -z "$header" ] || printf '%s\r\n' "$header"
    if [ -n "$file" ]; then
      printf 'Content-Type: %s\r\nContent-Length: %s\r\n\r\n' "$type" "$(($(wc -c <"$file")))"
      cat "$file"
    else
      printf 'Content-Length: 0\r\n\r\n'
    fi
  } >&3
  "${patience[@]+"${patience[@]}"}" cat <&3
}

# Sets json to the first member of that name in http_body, a number or a plain text; empty when there is none.
json=''
json_read() {
  json=''
  local pattern="\"$1\":(\"([^\"]*)\"|-?[0-9.]+)"
  [[ $http_body =~ $pattern ]] || return 0
  json=${BASH_REMATCH[2]:-${BASH_REMATCH[1]}}
  json=${json%\"}
  json=${json#\"}
}

# Waits until Web and what it needs answer; false when it ended or did not within two minutes.
web_wait_until_ready() {
  local tenths=1200
  while [ "$tenths" -gt 0 ]; do
    kill -0 "$web_pid" 2>/dev/null || return 1
    if http GET /readyz && [ "$http_status" = 200 ]; then
      return 0
    fi
    tenths=$((tenths - 1))
    [ $((tenths % 100)) != 0 ] || say "  still waiting: $(web_last_words)"
    sleep 0.1
  done
  return 1
}

# What it says itself about why it is not ready.
web_last_words() {
  if [ "$http_status" != 000 ] && [ -n "$http_body" ]; then
    printf '%s' "$http_body" | head -c 200
  else
    tail -n 1 "$data/log/web.log"
  fi
}
