#!/bin/bash
# How long a start takes: from the history (the first one, and after SIGKILL without a snapshot) and from a snapshot.
#   benches/restart.sh FOLDER [ACCOUNTS] [EVENTS]      FOLDER/data is used as it is where it is there
set -euo pipefail
folder=${1:?usage: benches/restart.sh FOLDER [ACCOUNTS] [EVENTS]} accounts=${2:-100000} events=${3:-20000000}
root=$(cd "$(dirname "$0")/.." && pwd) tenure=${TENURE:-$root/target/release/tenure} listen=127.0.0.1:7199
export TENURE_DATA=$folder/data TENURE_MODEL=${TENURE_MODEL:-$root/models/saas}
if [ ! -d "$TENURE_DATA" ]; then
  "$tenure" simulate --out "$folder/files" --accounts "$accounts" --events "$events" --seed 7 --start "$(date -d '-364 days' +%F)"
  for what in accounts people subscriptions; do "$tenure" import $what "$folder/files/$what.csv"; done
  "$tenure" import events "$folder/files/events.parquet"
fi

start() { # NAME: starts it and tells how long it takes until it is ready
  local from; from=$(date +%s.%N)
  "$tenure" serve --listen $listen > "$folder/serve.log" 2>&1 & pid=$!
  until curl -sf -o /dev/null http://$listen/readyz; do kill -0 $pid || { cat "$folder/serve.log"; exit 1; }; sleep 0.05; done
  echo "$1: ready after $(echo "$(date +%s.%N) - $from" | bc) s, $(awk '/VmRSS/ { print $2 / 1024 }' /proc/$pid/status) MiB in memory"
}
stop() { # SIGNAL
  local from; from=$(date +%s.%N)
  kill -"$1" $pid; wait $pid || true
  echo "  SIG$1: ended after $(echo "$(date +%s.%N) - $from" | bc) s; snapshot $(du -sm "$TENURE_DATA/snapshots" 2>/dev/null | cut -f1) MiB"
}

rm -rf "$TENURE_DATA/snapshots"
start "from the history"; stop TERM
start "from a snapshot"; stop TERM
start "from a snapshot"; stop KILL
start "from a snapshot, after SIGKILL"; stop TERM
