//! The shell text of every step. Each can be run again after it was cut off anywhere, and each
//! that waits has a deadline and says what it waited for.
//!
//! The directories of configuration and data are PostgreSQL's own user's: what is done in them goes
//! by [`WAYS`], or as that user.

mod trial;

use self::trial::TRIAL;
use super::names::{Paths, variables};
use super::settings::{Member, Pair};
use crate::shell::{WAYS, word, words};
use crate::wal::IS_LSN;

/// What every script begins with: names, the ways, `sql`, `seconds`, `ready`, `up`, `start_conf`.
fn prelude(settings: &Pair, paths: &Paths) -> String {
    variables(settings, paths) + WAYS + FUNCTIONS
}

const FUNCTIONS: &str = r#"sql() {
  port=$(sed -n 4p "$D/postmaster.pid" 2>/dev/null || true)
  case $port in *[!0-9]*) port= ;; esac
  PGCONNECT_TIMEOUT=5 runuser -u postgres -- "$B/psql" -X -At -q -v ON_ERROR_STOP=1 \
    -h /var/run/postgresql -p "${port:-$PORT}" -d postgres "$@"
}
# Since the boot: a wait must end when it should, and the clock may jump.
seconds() { read -r up _ </proc/uptime; echo "${up%.*}"; }
ready() {
  end=$(( $(seconds) + 300 ))
  until sql -c 'SELECT 1' >/dev/null 2>&1; do
    if ! systemctl is-active --quiet "$UNIT" || [ ! -s "$D/postmaster.pid" ] || [ "$(seconds)" -ge "$end" ]; then
      echo "PostgreSQL $V/$C did not start; the end of its log:" >&2
      as postgres tail -n 15 "/var/log/postgresql/postgresql-$V-$C.log" >&2 || true
      return 1
    fi
    sleep 0.2
  done
}
# systemd's own words on a failed start say nothing; `ready` shows PostgreSQL's.
up() {
  case $(stat -Lc '%a %U' "$D") in 7[05]0\ postgres) ;; *) give "$D" postgres:postgres 0700 || return 1 ;; esac
  systemctl "${1:-start}" "$UNIT" >/dev/null 2>&1 || true
  ready
}
# On disk when it returns: a host that loses power starts by it.
start_conf() {
  printf '%s\n' "$1" | write "$ETC/start.conf" postgres:postgres 0644 || return 1
  systemctl daemon-reload
}
"#;

/// What makes a cluster goes on when the connection is lost; the next apply waits for its end and
/// looks again. The lock lasts as long as any child of the one who took it.
const ALONE: &str = r#"exec 9>"/run/breakwater-postgresql-$V-$C.lock"
flock -w 100 9 || { echo "another process is making this cluster" >&2; exit 1; }
"#;

/// Scripts of one member.
#[derive(Clone, Copy)]
pub struct Scripts<'a> {
    /// What the user wants.
    pub settings: &'a Pair,
    /// Whose host.
    pub member: Member,
    /// Where things stand on it.
    pub paths: &'a Paths,
}

impl Scripts<'_> {
    pub(super) fn with(&self, text: &str) -> String {
        prelude(self.settings, self.paths) + text
    }

    /// Make a cluster where there is none. `making` stands while that lasts. The locale is one that
    /// every host has, and whose order of text no update of libc changes.
    pub fn make_cluster(&self) -> String {
        let making = word(&self.paths.making);
        self.with(&format!(
            r#"{ALONE}if [ -f "$D/PG_VERSION" ] && [ -f "$ETC/postgresql.conf" ] && [ ! -e {making} ]; then exit 0; fi
mkdir -p "$(dirname {making})"
: > {making}
pg_createcluster -d "$D" --start-conf=auto -p "$PORT" -e UTF8 --locale=C.UTF-8 "$V" "$C" -- --data-checksums --auth-local=peer --auth-host=scram-sha-256
rm -f {making}
"#
        ))
    }

    /// Move aside what a cut-off `make_cluster` left; it never ran.
    pub fn move_aside(&self) -> String {
        let making = word(&self.paths.making);
        self.with(&format!(
            r#"{ALONE}[ -e {making} ] || exit 0
aside=breakwater-aside.$(date +%s)
for d in "$D" "$ETC"; do [ ! -e "$d" ] || move "$d" "$d.$aside"; done
# A cluster in /etc must not be seen by postgresql-common, wherever it is moved.
if [ -e "$ETC.$aside" ]; then
  mkdir -p /etc/breakwater
  ( enter "${{ETC%/*}}" && mv -T "./${{ETC##*/}}.$aside" "/etc/breakwater/$C.$aside" )
fi
rm -f {making}
"#
        ))
    }

    /// Make a password and keep it where libpq looks; `lines` ends each line in `@PASSWORD@`.
    pub fn make_password(&self, lines: &str) -> String {
        let path = word(&self.paths.passfile);
        format!(
            r#"{WAYS}password=$(head -c 24 /dev/urandom | base64 -w0 | tr '+/' '-_')
while IFS= read -r line; do printf '%s\n' "${{line%@PASSWORD@}}$password"; done <<'BREAKWATER_LINES' |
{lines}BREAKWATER_LINES
write {path} postgres:postgres 0600
"#
        )
    }

    /// Have systemd read unit files, and the packages' generator, again.
    pub fn daemon_reload() -> String {
        "systemctl daemon-reload\n".to_owned()
    }

    /// Start, and prove that it answers: systemd says "started" of this unit in any case.
    pub fn start(&self) -> String {
        self.with("systemctl daemon-reload\nup\n")
    }

    /// Make the data directory `PostgreSQL`'s alone; what is in it stays as it is.
    pub fn data_dir_mode(&self) -> String {
        self.with("give \"$D\" postgres:postgres 0700\n")
    }

    /// Stop.
    pub fn stop(&self) -> String {
        self.with(
            "systemctl stop \"$UNIT\"\n\
             if [ -e \"$D/postmaster.pid\" ]; then echo \"PostgreSQL in $D still runs\" >&2; exit 1; fi\n",
        )
    }

    /// Keep what is about to be written over: by a second name, as a file is never written in place.
    pub fn keep_previous(files: &[String]) -> String {
        format!(
            r#"{WAYS}keep() (
  missing=make && enter "${{1%/*}}" && f=./${{1##*/}} && rm -rf "$f.breakwater-prev" "$f.breakwater-none" || exit 1
  if [ -e "$f" ]; then ln -PT "$f" "$f.breakwater-prev"; else mkdir "$f.breakwater-none"; fi
)
for f in {}; do keep "$f"; done
"#,
            words(files)
        )
    }

    fn previous(&self) -> String {
        let paths = self.paths;
        let conf = [&paths.main_conf, &paths.shared_conf, &paths.own_conf, &paths.hba];
        let files: Vec<String> = conf.into_iter().chain(paths.tls()).map(Clone::clone).collect();
        format!(
            r#"each() {{
  for f in {files}; do
    if [ -d "${{f%/*}}" ]; then ( enter "${{f%/*}}" && "$1" "./${{f##*/}}" ) || return 1; fi
  done
}}
back() {{
  # The same where it was not written over after all.
  if [ "$1.breakwater-prev" -ef "$1" ]; then rm -f "$1.breakwater-prev"
  elif [ -e "$1.breakwater-prev" ]; then mv -fT "$1.breakwater-prev" "$1"
  elif [ -e "$1.breakwater-none" ]; then rm -rf "$1" "$1.breakwater-none"; fi
}}
drop() {{ rm -rf "$1.breakwater-prev" "$1.breakwater-none"; }}
put_back() {{ each back; }}
forget() {{ each drop; }}
certified() {{
{certified}}}
{TRIAL}"#,
            files = words(&files),
            certified = self.certified(),
        )
    }

    /// What the other server will ask of this one's certificate, asked before it is loaded.
    fn certified(&self) -> String {
        if self.settings.tls_ca.is_none() {
            return "  true\n".to_owned();
        }
        let settings = self.settings;
        // Before version 15 libpq compares a name, not an address.
        let full = settings.sslmode() == "verify-full" && settings.version >= 15;
        let address = if full {
            format!("-verify_ip {} ", word(settings.address(self.member)))
        } else {
            String::new()
        };
        let (ca, certificate) = (word(&self.paths.tls_ca), word(&self.paths.tls_certificate));
        format!(
            "  out=$(openssl verify -purpose sslserver {address}-CAfile {ca} -untrusted {certificate} {certificate} 2>&1)\n"
        )
    }

    /// Put back what was kept, where a step between failed.
    pub fn put_back(&self) -> String {
        self.with(&(self.previous() + "put_back\n"))
    }

    /// Have the server check its files and load them.
    pub fn reload(&self) -> String {
        let text = r#"check
not_ahead
before=$(sql -c 'SELECT pg_conf_load_time()')
sql -c 'SELECT pg_reload_conf()' >/dev/null
end=$(( $(seconds) + 30 ))
until [ "$(sql -c 'SELECT pg_conf_load_time()')" != "$before" ]; do
  [ "$(seconds)" -lt "$end" ] || { echo "PostgreSQL did not load its configuration within 30 s" >&2; exit 1; }
  sleep 0.2
done
forget
"#;
        self.with(&(self.previous() + text))
    }

    /// Have the server check its files and restart with them. If it does not come up, it is started
    /// with the previous ones.
    pub fn restart(&self) -> String {
        let text = r#"check
not_ahead
systemctl daemon-reload
if ! up restart; then
  put_back
  if up restart; then echo "the previous configuration is back and PostgreSQL runs with it" >&2; fi
  exit 1
fi
forget
"#;
        self.with(&(self.previous() + text))
    }

    /// Put a comment sign before settings that `postgresql.conf` sets after it has read our files.
    pub fn comment_out(&self, names: &[String]) -> String {
        let names = names.join("|").replace('.', r"\.");
        self.with(&format!(
            "( enter \"$ETC\" && own sed -i -E '/^include_dir/,$ s/^[[:space:]]*({names})[[:space:]]*[=[:space:]]/#breakwater: &/I' \
             postgresql.conf )\n"
        ))
    }

    /// Take back values of `ALTER SYSTEM` that hide ours.
    pub fn reset(&self, names: &[String]) -> String {
        let statements =
            names.iter().map(|n| format!("sql -c {}\n", word(&format!("ALTER SYSTEM RESET {n}"))));
        self.with(&statements.collect::<String>())
    }

    /// Run SQL that comes on standard input: it may hold a verifier.
    pub fn sql_from_stdin(&self) -> String {
        self.with("sql -f - >/dev/null\n")
    }

    /// Make the slot. It holds WAL from now on, not only from when the standby first uses it.
    pub fn slot(&self) -> String {
        let name = &self.settings.slot_name;
        self.with(&format!(
            "sql -c \"SELECT pg_create_physical_replication_slot('{name}', true) WHERE NOT EXISTS \
             (SELECT FROM pg_replication_slots WHERE slot_name = '{name}')\" >/dev/null\n"
        ))
    }

    /// Make the archive's directory, where its parent is there: a missing parent is a missing mount.
    pub fn archive_dir(dir: &str) -> String {
        let dir = word(dir);
        format!(
            "{WAYS}parent=$(dirname {dir})\n\
             [ -d \"$parent\" ] || {{ echo \"$parent does not exist; is it mounted?\" >&2; exit 1; }}\n\
             give {dir} postgres:postgres 0700\n"
        )
    }

    /// Say whether the cluster starts at boot: `auto`, `manual` or `disabled`.
    pub fn start_conf(&self, word: &str) -> String {
        self.with(&format!("start_conf {word}\n"))
    }

    /// How this member logs in to its peer as a role of the pair.
    pub(super) fn conninfo(&self, user: &str, database: &str) -> String {
        let settings = self.settings;
        let mut fields = vec![
            ("host", settings.address(self.member.peer()).to_owned()),
            ("port", settings.port.to_string()),
            ("user", user.to_owned()),
            ("dbname", database.to_owned()),
            ("passfile", self.paths.passfile.clone()),
            ("sslmode", settings.sslmode().to_owned()),
            ("channel_binding", "require".to_owned()),
            ("connect_timeout", "10".to_owned()),
        ];
        fields.extend(settings.tls_ca.as_ref().map(|_| ("sslrootcert", self.paths.tls_ca.clone())));
        let field = |(name, value): (&str, String)| {
            format!("{name}={}", render::quote::conninfo(&value).unwrap_or_default())
        };
        fields.into_iter().map(field).collect::<Vec<_>>().join(" ")
    }

    /// A fresh login to the peer: an open stream survives a changed password, this does not. Sets
    /// `lsn`, the position the peer has written.
    fn login(&self) -> String {
        format!(
            r#"{IS_LSN}conninfo={}
login() {{
  runuser -u postgres -- "$B/psql" -X -At -F ' ' -w -d "$conninfo replication=1" -c IDENTIFY_SYSTEM
}}
if ! answer=$(login 2>&1); then
  echo "this host cannot log in to PostgreSQL on {} as {}: $answer" >&2
  echo "check that TCP port $PORT is open from this host to that one" >&2
  exit 1
fi
lsn=$(printf '%s\n' "$answer" | awk 'END {{print $3}}')
is_lsn "$lsn" || {{ echo "what answers there as PostgreSQL says no position in its WAL: $lsn" >&2; exit 1; }}
"#,
            word(&self.conninfo(&self.settings.replication_user, "replication")),
            self.settings.place(self.member.peer()),
            self.settings.replication_user,
        )
    }

    /// Prove that the peer can be reached and lets this member in.
    pub fn try_login(&self) -> String {
        self.with(&self.login())
    }

    /// Copy the peer's data beside the place where it will stand, prove the copy, and move it there.
    pub fn clone(&self) -> String {
        let text = format!(
            r#"new={new}
(
  missing=make && enter "${{D%/*}}" && rm -rf "./${{new##*/}}" || exit 1
  if [ -e "./${{D##*/}}" ]; then rmdir "./${{D##*/}}"; fi
)
give "$new" postgres:postgres 0700
runuser -u postgres -- "$B/pg_basebackup" -w -d "$conninfo" -D "$new" -Fp -Xs -c fast -S {slot}
runuser -u postgres -- "$B/pg_verifybackup" -q "$new"
runuser -u postgres -- touch "$new/standby.signal"
rm -f {promoting}
sync -f "$new"
move "$new" "$D"
"#,
            new = word(&self.paths.clone),
            promoting = word(&self.paths.promoting),
            slot = self.settings.slot_name
        );
        self.with(&(self.login() + &text))
    }

    /// Make the cluster known to postgresql-common: the primary's `postgresql.conf`, on standard
    /// input, with this host's data directory.
    pub fn register(&self) -> String {
        self.with(
            r#"for d in "${ETC%/*}" "$ETC" "$ETC/conf.d"; do give "$d" postgres:postgres 0755; done
[ -e "$ETC/pg_ident.conf" ] || write "$ETC/pg_ident.conf" postgres:postgres 0640 </dev/null
[ -e "$ETC/environment" ] || write "$ETC/environment" postgres:postgres 0644 </dev/null
[ -e "$ETC/pg_ctl.conf" ] || echo "pg_ctl_options = ''" | write "$ETC/pg_ctl.conf" postgres:postgres 0644
[ -e "$ETC/start.conf" ] || echo auto | write "$ETC/start.conf" postgres:postgres 0644
write "$ETC/postgresql.conf" postgres:postgres 0644
systemctl daemon-reload
"#,
        )
    }

    /// Write a position into the primary's WAL that no standby can have yet.
    pub fn write_position(&self) -> String {
        self.with(
            "sql -c \"SET synchronous_commit = local; SELECT pg_logical_emit_message(true, 'breakwater', 'attached?')\" >/dev/null\n",
        )
    }

    /// Wait until this standby has replayed what the primary has written by now, over a stream.
    pub fn wait_attached(&self, seconds: u32) -> String {
        let text = format!(
            r#"end=$(( $(seconds) + {seconds} ))
until [ "$(sql -c "SELECT coalesce(pg_last_wal_replay_lsn() >= '$lsn', false) AND EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')")" = t ]; do
  if [ "$(seconds)" -ge "$end" ]; then
    # The last lines of what is said here are what the user sees.
    log=$(as postgres tail -n 10 "/var/log/postgresql/postgresql-$V-$C.log" || true); printf '%s\n' "$log" >&2
    echo "the standby has not replayed $lsn within {seconds} s; it is at $(sql -c 'SELECT pg_last_wal_replay_lsn()'); above is the end of its log" >&2
    case $log in *"has already been removed"*)
      echo "the primary no longer has WAL that the standby needs: stop $UNIT on this host, move $D away, and apply; it is then copied again" >&2
    esac
    exit 1
  fi
  sleep 0.2
done
"#
        );
        self.with(&(self.login() + &text))
    }

    /// Remove the cluster with all its data.
    pub fn drop_cluster(&self) -> String {
        self.with(
            r#"for d in "$ETC" "$ETC/conf.d"; do
  if [ -d "$d" ]; then ( enter "$d" && rm -rf ./*.breakwater-prev ./*.breakwater-none ); fi
done
if [ -e "$ETC/postgresql.conf" ]; then pg_dropcluster --stop "$V" "$C"; fi
rmdir "$ETC/conf.d" "$ETC" 2>/dev/null || true
systemctl daemon-reload
"#,
        )
    }

    /// Replay what has come in.
    pub fn resume(&self) -> String {
        self.with("sql -c 'SELECT pg_wal_replay_resume()' >/dev/null\n")
    }
}
