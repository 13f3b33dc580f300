#!/usr/bin/env bash
# Writes a row on the primary and waits until the standby shows it.
set -euo pipefail
rig=$1 name=$2
sql() { "$rig" exec "$name" "$1" -- runuser -u postgres -- psql -XAtq -d postgres -c "$2"; }
mark=$(date +%s%N)
sql a "CREATE TABLE IF NOT EXISTS breakwater_demo (mark text); INSERT INTO breakwater_demo VALUES ('$mark')"
lsn=$(sql a "SELECT pg_current_wal_lsn()")
for _ in $(seq 100); do
  [ "$(sql b "SELECT pg_last_wal_replay_lsn() >= '$lsn'")" = t ] && break
done
seen=$(sql b "SELECT count(*) FROM breakwater_demo WHERE mark = '$mark'")
[ "$seen" = 1 ] || { echo "the standby does not have the row" >&2; exit 1; }
sql a "DROP TABLE breakwater_demo"
echo "a row written on a at $lsn is on b"
sql a "SELECT format('standby %s: %s, %s, lag %s bytes', application_name, state, sync_state, pg_wal_lsn_diff(sent_lsn, replay_lsn)) FROM pg_stat_replication"
