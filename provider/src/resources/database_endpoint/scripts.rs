//! Shell scripts, POSIX, run as root with `set -eu`.

use render::haproxy::endpoint_conf::{HOLD, SECTION};

use super::files::{CONF_PATH, PACKAGE, UNIT, UNIT_PATH, pid_path, socket_path};
use crate::shell::word;

/// Divides what we found from what HAProxy says.
pub const MARK: &str = "@@stat\n";

/// Seconds within which a server must be found that says it is the primary.
const PROOF: u32 = 20;

/// `stat`: what HAProxy says of its servers. Perl is on every Debian system; nothing else that is can
/// talk to a socket in the file system.
fn stat() -> String {
    format!(
        r#"stat() {{
  timeout 5 perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Peer => shift) or exit 1;
    print $s "show stat\n"; print while <$s>' {} 2>/dev/null
}}
"#,
        word(&socket_path())
    )
}

/// Who has the address and the port, what HAProxy runs with, and what it sees.
pub fn look(address: &str, port: u16) -> String {
    format!(
        r#"{stat}a={address} p={port} pid={pid}
ip -o -4 address show to "$a/32" 2>/dev/null | awk '{{print "interface=" $2}}' | sort -u
ss -Hltnp "sport = :$p" 2>/dev/null | while read -r _ _ _ at _ who; do
  case $at in "$a:$p"|0.0.0.0:*|'*':*|'[::]':*) ;; *) continue ;; esac
  number=$(printf '%s\n' "$who" | sed -n 's/.*pid=\([0-9]*\).*/\1/p')
  grep -qs '/{UNIT}$' "/proc/${{number:-none}}/cgroup" && continue
  name=$(printf '%s\n' "$who" | sed -n 's/^users:(("\([^"]*\)".*/\1/p')
  echo "listener=$at ${{name:-(unknown)}}"
done
if [ -e "$pid" ]; then
  for f in {CONF_PATH} {UNIT_PATH}; do [ "$f" -nt "$pid" ] && echo stale=yes; done
fi
printf '{mark}'
stat || :
"#,
        stat = stat(),
        address = word(address),
        pid = word(&pid_path()),
        mark = MARK.escape_debug(),
    )
}

/// Installs HAProxy. The distribution's own instance, which would start with the package, stays off
/// where the package was not there before.
pub fn install() -> String {
    format!(
        "{apt}trap 'systemctl unmask --runtime --quiet {PACKAGE}.service || :' EXIT\n\
         systemctl mask --runtime --quiet {PACKAGE}.service || :\n\
         need {PACKAGE} || apt --no-install-recommends install {PACKAGE}\n\
         systemctl disable --quiet {PACKAGE}.service || :\n",
        apt = crate::apt::function(),
    )
}

/// Starts it anew. The former unit takes its own address along. There is no reload: a worker that is
/// replaced keeps its sessions, and no longer looks at who the primary is.
pub fn restart() -> String {
    format!(
        "/usr/sbin/haproxy -c -q -f {CONF_PATH}\n\
         timeout 30 systemctl stop {UNIT} 2>/dev/null || :\n\
         systemctl daemon-reload\n\
         systemctl enable --quiet {UNIT}\n\
         if ! timeout 60 systemctl restart {UNIT}; then\n  \
         echo 'HAProxy did not start; the end of its log:' >&2\n  \
         journalctl -u {UNIT} -n 15 --no-pager -o cat >&2 || :\n  exit 1\nfi\n"
    )
}

/// Waits until it leads to somebody; says what each server answers where it does not.
pub fn prove() -> String {
    format!(
        r##"{stat}seen() {{
  stat | awk -F, -v section={SECTION} -v hold={HOLD} '
    $1 == "# pxname" {{ for (i = 1; i <= NF; i++) at[$i] = i }}
    $1 == section && $2 != "FRONTEND" && $2 != "BACKEND" && $2 != hold {{
      check = $at["check_status"]
      if ($at["status"] ~ /^UP/ && check == "L7OK") up = 1
      said = said $2 ": " check " " $at["check_code"] " " $at["last_chk"] "\n"
    }}
    END {{ if (up) print "up"; else printf "%s", said }}'
}}
n=0 said=
while [ "$n" -lt {tries} ]; do
  said=$(seen)
  [ "$said" != up ] || exit 0
  n=$((n + 1)); sleep 0.25
done
echo "no server says that it is the primary; what each answers at its check_port: ${{said:-nothing}}" >&2
exit 1
"##,
        stat = stat(),
        tries = PROOF * 4,
    )
}

/// Ends it; the unit takes its address along.
pub fn stop() -> String {
    format!("timeout 30 systemctl disable --quiet --now {UNIT}\n")
}

/// Has systemd forget the unit.
pub fn forget() -> String {
    format!("systemctl daemon-reload\nsystemctl reset-failed {UNIT} 2>/dev/null || :\n")
}
