//! A configuration that is tried before it is loaded.

/// Have the server try its configuration beside the running one: a server in a directory with no WAL
/// reads all files, takes its memory and reads its certificate, and then ends. `postgres -C` sees
/// neither settings that do not go together nor a key that is not the certificate's.
pub const TRIAL: &str = r#"# A file from a time when the clock was ahead would look for ever as if it had never been loaded.
not_ahead() {
  ( enter "$ETC" && find . -maxdepth 2 -type f -newermt now -execdir touch -hc {} + 2>/dev/null ) || true
  runuser -u postgres -- find "$D/postgresql.auto.conf" -type f -newermt now -exec touch {} + 2>/dev/null || true
}
trial() {
  out=$(B=$B ETC=$ETC D=$D runuser -u postgres -- sh -eu 2>&1 <<'BREAKWATER_TRIAL' || true
t=$(mktemp -d /tmp/breakwater-trial.XXXXXX)
trap 'rm -rf -- "$t"' EXIT
for d in "$D"/*/; do mkdir "$t/$(basename "$d")"; done
rmdir "$t/pg_wal"
cp "$D/PG_VERSION" "$t/"
cp "$D/global/pg_control" "$t/global/"
if [ -e "$D/postgresql.auto.conf" ]; then cp "$D/postgresql.auto.conf" "$t/"; fi
set -- -c "config_file=$ETC/postgresql.conf" -c "data_directory=$t" -c "external_pid_file=$t/pid" -c listen_addresses= \
  -c "unix_socket_directories=$t" -c logging_collector=off -c log_destination=stderr -c log_line_prefix= \
  -c lc_messages=C -c huge_pages=off
# Where memory is promised only once, the running server has it.
if [ "$(cat /proc/sys/vm/overcommit_memory)" = 2 ]; then set -- "$@" -c shared_buffers=16MB; fi
timeout 60 "$B/postgres" "$@" </dev/null
BREAKWATER_TRIAL
)
  out=$(printf '%s\n' "$out" | grep -v -e 'LOG:  starting PostgreSQL' -e 'LOG:  listening on' -e 'LOG:  database system is shut' || true)
  case $out in *'required WAL directory'*) return 0 ;; esac
  return 1
}
check() {
  # Once more if the control file was read while it was written.
  if ! trial && ! trial; then
    put_back; echo "PostgreSQL refuses the configuration; the previous one is back: $out" >&2; exit 1
  fi
  if ! certified; then
    put_back; echo "tls_ca does not verify this server's certificate; the previous one is back: $out" >&2; exit 1
  fi
}
"#;
