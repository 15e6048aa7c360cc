# shellcheck shell=bash disable=SC2034
# What the accept-* scripts share: the demo and a packaged pooler as children, their figures, and one list of violations.

scripts=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
root=$(dirname "$scripts")
work=$(mktemp -d "${TMPDIR:-/tmp}/accept.XXXXXX")
chmod 755 "$work" # PostgreSQL and clients may be other users
children=()
violations=0

say() { echo "$*" >&2; }
fail() { say "${0##*/}: $*"; exit 1; }
violation() { violations=$((violations + 1)); say "VIOLATION: $*"; }
need() { local tool; for tool; do command -v "$tool" >/dev/null || fail "needs $tool (Debian: postgresql-client, postgresql for pgbench, python3)"; done; }

# The exit status of a script: call it last.
verdict() {
  if ((violations > 0)); then say "${0##*/}: $violations violation(s)"; exit 1; fi
  say "${0##*/}: all as promised"
}

stop() { # PID: asks, waits 20 s, insists
  local pid=$1 _
  kill "$pid" 2>/dev/null || return 0
  for _ in {1..200}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  kill -9 "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}
cleanup() {
  local pid
  for pid in "${children[@]}"; do stop "$pid"; done
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

await() { # SECONDS PID WHAT COMMAND…: until COMMAND succeeds; 1 when PID is gone before
  local deadline=$((SECONDS + $1)) pid=$2 what=$3
  shift 3
  until "$@"; do
    kill -0 "$pid" 2>/dev/null || { say "$what ended early"; return 1; }
    ((SECONDS < deadline)) || { say "$what: not within the time allowed"; return 1; }
    sleep 0.1
  done
}

# ---- the demo ----------------------------------------------------------------------------------------------------------
# Read off the command lines it prints, `psql -h DIR -p PORT -U USER … DATABASE` or `psql "host=DIR port=PORT …"`: the one
# whose line, or the heading above it, says "direct" is PostgreSQL's own, the first other one is pooler's.

word_after() { # TEXT OPTION KEYWORD
  # A word of its own: the demo's directory may well have a -d in its name.
  local pattern="(^|[ \"'])(-$2 ?|$3=)'?([^ '\"]+)"
  if [[ $1 =~ $pattern ]]; then echo "${BASH_REMATCH[3]}"; fi
}

read_demo() { # LOG: sets pooled_* and direct_*; fails while one of the two isn't there
  local line heading=''
  pooled_dir='' direct_dir=''
  while IFS= read -r line; do
    if [[ $line != *psql\ * ]]; then [[ -z $line ]] || heading=$line; continue; fi
    local command=${line#*psql } dir port user database
    dir=$(word_after "$command" h host) port=$(word_after "$command" p port) user=$(word_after "$command" U user)
    database=$(word_after "$command" d dbname)
    [[ -n $database || $command == *=* ]] || database=${command##* }
    [[ $dir == /* && -n $port ]] || continue
    if [[ ${line,,} == *direct* || ${heading,,} == *direct* ]]; then
      [[ -n $direct_dir ]] || direct_dir=$dir direct_port=$port direct_user=${user:-postgres} direct_database=${database:-postgres}
    elif [[ -z $pooled_dir ]]; then
      pooled_dir=$dir pooled_port=$port pooled_user=${user:-postgres} pooled_database=${database:-postgres}
    fi
  done <"$1"
  [[ -n $pooled_dir && -n $direct_dir ]]
}

start_demo() { # ARGUMENTS…: sets demo_pid, pooled_* and direct_*
  local log=$work/demo.log
  : >"$log"
  "$root/pooler" demo "$@" >>"$log" 2>&1 </dev/null &
  demo_pid=$!
  children+=("$demo_pid")
  await "${DEMO_SECONDS:-300}" "$demo_pid" "./pooler demo $*" demo_serves "$log" || { cat "$log" >&2; exit 1; }
}
demo_serves() { read_demo "$1" && pooled -At -c 'select 1' >/dev/null 2>&1 && direct -At -c 'select 1' >/dev/null 2>&1; }
pooled() { psql -X -h "$pooled_dir" -p "$pooled_port" -U "$pooled_user" -d "$pooled_database" "$@"; }
direct() { psql -X -h "$direct_dir" -p "$direct_port" -U "$direct_user" -d "$direct_database" "$@"; }

# ---- a packaged pooler in front of one PostgreSQL ----------------------------------------------------------------------

find_postgres() { # sets direct_* from $PG_SOCKET (…/.s.PGSQL.PORT; PG_USER, PG_DATABASE), or starts the demo for its server
  if [[ -z ${PG_SOCKET:-} ]]; then start_demo --pool-size 8; return; fi
  [[ -S $PG_SOCKET ]] || fail "PG_SOCKET=$PG_SOCKET is no socket"
  direct_dir=${PG_SOCKET%/*} direct_port=${PG_SOCKET##*.}
  direct_user=${PG_USER:-postgres} direct_database=${PG_DATABASE:-postgres}
}

package() { # what is measured is the packaged layout, up to date
  "$root/pooler" version >&2 || fail "./pooler version failed"
}

write_config() { # CLIENTS: one listener, HTTP, a pool of 16; sets config and pooler_socket
  config=$work/pooler.yaml pooler_socket=$work/.s.PGSQL.6432
  cat >"$config" <<X
listen:
  - {protocol: postgres, address: "unix:$pooler_socket", mode: "0777", auth: trust}
http: {address: "127.0.0.1:${HTTP_PORT:-19187}"}
databases:
  "$direct_database":
    protocol: postgres
    hosts: ["unix:$direct_dir/.s.PGSQL.$direct_port"]
    user: "$direct_user"
    pool: {mode: transaction, size: 16}
limits: {clients: $1}
X
}

# Sets pooler_pid and ready_ms: from the start of the launcher (bash, the search for a JDK and the JVM's own start are in it)
# to the ready line as read by another process.
start_pooler() {
  local pipe=$work/out began ended
  rm -f "$pipe" "$work/ready"
  mkfifo "$pipe"
  while IFS= read -r line; do
    [[ $line != *'pooler ready in '* ]] || echo "$EPOCHREALTIME" >"$work/ready"
    echo "$line"
  done <"$pipe" >"$work/pooler.log" &
  began=$EPOCHREALTIME
  "$root/pooler-server/target/pooler/bin/pooler" run --config "$config" >"$pipe" 2>&1 </dev/null &
  pooler_pid=$!
  children+=("$pooler_pid")
  await 30 "$pooler_pid" "pooler run" test -s "$work/ready" || { cat "$work/pooler.log" >&2; exit 1; }
  ended=$(<"$work/ready")
  ready_ms=$(((${ended/[.,]/} - ${began/[.,]/}) / 1000))
}

rss_kib() { sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status"; }

hold_clients() { # N: opens them and sets holder_pid when all are connected and idle
  rm -f "$work/held"
  python3 "$scripts/hold-clients" --user "$direct_user" --database "$direct_database" --ready "$work/held" "$pooler_socket" "$1" &
  holder_pid=$!
  children+=("$holder_pid")
  await 120 "$holder_pid" "$1 clients" test -s "$work/held" || exit 1
}
release_clients() { # fails if one of them had been closed meanwhile
  kill -TERM "$holder_pid"
  wait "$holder_pid"
}

median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
mib() { echo "$(($1 / 1024)).$((($1 % 1024) * 10 / 1024))"; }
