//! Scripts that look, and change nothing.

use super::{OTHERS, of_others};
use crate::resources::ha_node::layout;
use crate::resources::ha_node::settings::HaNode;
use crate::shell::word;

/// Asks for everything that is not a file, a unit or a package, in lines `key=value`. Nothing of
/// it needs anything to be installed, and nothing is changed.
pub fn observe(s: &HaNode) -> String {
    let (certificate, key) = s.tls_paths().unwrap_or_default();
    let seeded: Vec<String> = layout::seeded(s)
        .iter()
        .map(|(name, place)| {
            let shared = s.shared_secrets.as_deref().unwrap_or("/nonexistent");
            let from = word(&format!("{shared}/{name}"));
            format!("seed {name} {from} {}\n", word(&s.data(place)))
        })
        .collect();
    let ports: Vec<String> = layout::ports(s).iter().map(|p| p.number.to_string()).collect();
    OBSERVE
        .replace("@DIR@", &word(&s.directory))
        .replace("@DATA@", &word(&s.data_volume))
        .replace("@MOUNT@", &word(&s.registry_mount().unwrap_or_default()))
        .replace("@CRT@", &word(&certificate))
        .replace("@KEY@", &word(&key))
        .replace("@OTHERS@", &format!("{OTHERS}echo \"others=$(others{})\"", of_others(s)))
        .replace("@PENDING@", layout::PENDING)
        .replace("@COMPOSE@", layout::COMPOSE)
        .replace("@PORTS@", &ports.join(" "))
        .replace("@LOG_PORT@", &layout::LOG_PORT.to_string())
        .replace("@SEEDED@", &seeded.concat())
}

const OBSERVE: &str = r#"dir=@DIR@ data=@DATA@ mount=@MOUNT@
digest() { if [ -f "$1" ]; then sha256sum < "$1" | cut -c1-64; else echo -; fi; }
echo "pending=$(cat @PENDING@ 2>/dev/null)"
echo "compose_sha256=$(digest @COMPOSE@)"
compose() {
  # Compose 1 needs half a second to say what its package says; with Python 3.12 it does not start.
  case $(command -v docker-compose),$(readlink /usr/bin/python3) in
  /usr/bin/docker-compose,python3.[0-9]|/usr/bin/docker-compose,python3.1[01])
    dpkg-query -W -f '${db:Status-Status} ${Version}\n' docker-compose 2>/dev/null |
      sed -n 's/^installed \(1[.][0-9.]*[0-9]\).*/\1/p' ;;
  esac
}
if command -v docker-compose >/dev/null 2>&1; then
  standalone=$(compose)
  echo "standalone=${standalone:-$(docker-compose version --short 2>/dev/null)}"
fi
if command -v docker >/dev/null 2>&1; then
  echo "plugin=$(docker compose version --short 2>/dev/null)"
  versions=$(docker version --format '{{.Client.Version}}{{with .Server}} {{.Version}}{{end}}' 2>/dev/null | head -n 1)
  echo "client=${versions%% *}"
  case $versions in *' '*) echo "server=${versions#* }" ;; *) echo server= ;; esac
  docker ps -a --format '{{.Names}}|{{.Ports}}|{{.Label "com.docker.compose.project"}}|{{.Label "com.docker.compose.project.working_dir"}}' 2>/dev/null |
    sed -n -e 'h; s/^\([^|]*\)|\([^|]\{1,\}\)|.*/publish=\1 \2/p; g; s/^\([^|]*\)|[^|]*|/named=\1|/p'
  [ ! -e /snap/bin/docker ] || echo snap=docker
  ip -4 route show 2>/dev/null | sed -n 's/^\([0-9./]*\) dev \(br-[^ ]*\|docker[^ ]*\) .*/network=\1 \2/p'
fi
systemctl list-units --plain --no-legend --state=active kubelet.service k3s.service k3s-agent.service \
  rke2-server.service rke2-agent.service 'snap.microk8s.daemon-*.service' 2>/dev/null |
  sed -n 's/^\([^ ]*\)[.]service .*/kubernetes=\1/p' | head -n 1
echo "directory=$(readlink -f "$dir")"
at=$data
while [ "$at" != / ] && [ "$at" != . ]; do
  [ ! -L "$at" ] || { echo "link=$at $(readlink -f "$data")"; break; }
  at=$(dirname "$at")
done
installer=$(sed -n 's|.*goharbor/prepare:v\([0-9][0-9.]*[0-9]\).*|\1|p' "$dir/prepare" 2>/dev/null | head -n 1)
if [ -n "$installer" ]; then
  echo "installer=$installer"
  # Those that the containers need, too: somebody's nightly prune takes what no container uses.
  images="goharbor/prepare:v$installer $(sed -n 's/^ *image: *//p' "$dir/docker-compose.yml" 2>/dev/null | sort -u)"
  there=$(docker image inspect --format '{{.Id}}' $images 2>/dev/null | wc -l)
  [ "$there" -ne "$(echo $images | wc -w)" ] || echo images=yes
  ls "$dir"/harbor*.tar.gz >/dev/null 2>&1 && echo archive=yes
fi
if [ -f "$dir/docker-compose.yml" ]; then
  echo "composed=$(sed -n 's|.*goharbor/harbor-core:v\([0-9][0-9.]*[0-9]\).*|\1|p' "$dir/docker-compose.yml" | head -n 1)"
  [ "$dir/harbor.yml" -nt "$dir/docker-compose.yml" ] || echo composed_newer=yes
  names=$(sed -n 's/^ *container_name: *//p' "$dir/docker-compose.yml")
  for name in $names; do echo "service=$name"; done
  # All at once; one that there is not is left out.
  [ -z "$names" ] ||
    docker inspect --type container --format '{{.Name}} {{.State.Status}} {{.RestartCount}} {{.Config.Image}}' $names 2>/dev/null |
    sed 's|^/|container=|'
fi
[ ! -e "$dir/.breakwater-previous/complete" ] || echo kept=yes
for mark in prepared up; do
  [ -f "$dir/.breakwater-$mark" ] && echo "$mark=$(tr '\n' ' ' < "$dir/.breakwater-$mark")"
done
echo "compose_file=$(digest "$dir/docker-compose.yml")"
echo "certificate=$(digest @CRT@)"
echo "key=$(digest @KEY@)"
@OTHERS@
if command -v openssl >/dev/null 2>&1 && [ -f @CRT@ ] && ! openssl x509 -checkend 1209600 -noout -in @CRT@ >/dev/null 2>&1; then
  echo "expires=$(openssl x509 -enddate -noout -in @CRT@ 2>/dev/null | cut -d= -f2)"
fi
[ -d "$data/secret" ] && echo data_volume=used
seed() {
  [ ! -s "$2" ] || echo "shared=$1"
  if [ ! -f "$2" ]; then if [ -f "$3" ]; then echo "seed=$1 unshared"; else echo "seed=$1 missing"; fi
  elif [ ! -f "$3" ]; then echo "seed=$1 missing"
  elif cmp -s "$2" "$3"; then echo "seed=$1 same"
  else echo "seed=$1 differs"; fi
  echo "place=$1 $(digest "$3")"
}
@SEEDED@if [ -n "$mount" ]; then
  if mountpoint -q "$mount" 2>/dev/null; then echo mount=mounted
  elif [ -n "$(ls -A "$mount" 2>/dev/null | head -n 1)" ]; then echo mount=data
  else echo mount=empty; fi
fi
for port in @PORTS@; do
  # The log container listens on loopback alone, beside whoever has the port of another address.
  if command -v ss >/dev/null 2>&1; then
    ss -Hltnp "sport = :$port" 2>/dev/null | while read -r _ _ _ where _ who; do
      case $port,$where in
        @LOG_PORT@,127.0.0.1:*|@LOG_PORT@,0.0.0.0:*|@LOG_PORT@,'*':*|@LOG_PORT@,'[::]':*) ;;
        @LOG_PORT@,*) continue ;;
      esac
      who=${who#*\"}; who=${who%%\"*}
      echo "listen=$port ${who:-unknown}"
    done | sort -u
  else
    own='[0-9A-F]*'; [ "$port" != @LOG_PORT@ ] || own='\(0100007F\|0*\)'
    ! cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -qi "^ *[0-9]*: $own:$(printf %04X "$port") [0-9A-F:]* 0A" ||
      echo "listen=$port unknown"
  fi
done
at=$dir; while [ ! -d "$at" ]; do at=$(dirname "$at"); done
echo "free_mb=$(df -Pm "$at" | awk 'NR==2 {print $4}')"
true
"#;

/// For an import: what this provider made here beside Harbor's own files.
pub fn ours(s: &HaNode) -> String {
    OURS.replace("@DIR@", &word(&s.directory)).replace("@SHARED@", layout::SHARED_SECRETS)
}

const OURS: &str = r#"dir=@DIR@ shared=@SHARED@
data=$(sed -n 's/^data_volume: *//p' "$dir/harbor.yml" 2>/dev/null | head -n 1)
unit=$(systemd-escape --path --suffix=mount "$data/registry")
sed -n -e '/^What=/p' -e '/^Type=/p' -e '/^Options=/p' "/etc/systemd/system/$unit" 2>/dev/null
if [ -f "$dir/docker-compose.override.yml" ] && [ -s "$shared/secretkey" ]; then
  echo "shared_secrets=$shared"
fi
true
"#;
