//! Parts that several scripts have.

use crate::resources::ha_node::settings::HaNode;
use crate::shell::word;

/// `back`: the result of prepare as it is kept in `$keep`, with the certificate in `$data`.
pub(super) const BACK: &str = r#"back() {
  mkdir -p common/config
  [ ! -d "$keep/config" ] || { find common/config -mindepth 1 -delete; cp -a "$keep/config/." common/config/; }
  [ ! -f "$keep/docker-compose.yml" ] || cp -a "$keep/docker-compose.yml" docker-compose.yml
  # One by one: the directory is the containers' own, and mounted in them.
  for file in "$keep"/cert/*; do
    if [ -f "$file" ] && [ ! -L "$file" ]; then
      ( missing=make; write "$data/secret/cert/${file##*/}" "$(stat -c %u:%g "$file")" "$(stat -c 0%a "$file")" <"$file" )
    fi
  done
}
"#;

/// The shell function `said CONTAINER LINES`: the end of its log, secrets masked.
pub(super) fn said(s: &HaNode) -> String {
    let logs = s.log.as_ref().map_or("/var/log/harbor", |l| l.location.as_str());
    SAID.replace("@LOGS@", &word(logs))
}

const SAID: &str = r#"said() {
  case $1 in nginx) log=proxy ;; *) log=${1#harbor-} ;; esac
  if [ -s @LOGS@/"$log.log" ]; then tail -n "$2" @LOGS@/"$log.log"; else docker logs --tail "$2" "$1" 2>&1 || :; fi |
    sed -e 's/\([Pp]assword\|PASSWORD\|[Ss]ecret\|SECRET\)\([=:] *\)[^ ]*/\1\2(secret)/g' -e 's#\(://[^:/@ ]*:\)[^@/ ]*@#\1(secret)@#g'
}
"#;

/// Waits until each container runs. One that crashes is seen as `restarting`; what it said last is why.
pub(super) fn waits(s: &HaNode) -> String {
    said(s) + WAIT
}

const WAIT: &str = r#"names=$(sed -n 's/^ *container_name: *//p' docker-compose.yml)
end=$(( $(date +%s) + 120 ))
for name in $names; do
  until [ "$(docker inspect --type container --format '{{.State.Status}}' "$name" 2>/dev/null)" = running ]; do
    if [ "$(date +%s)" -ge "$end" ]; then
      echo "container $name does not run: $(docker inspect --type container --format '{{.State.Status}}, exit status {{.State.ExitCode}} {{.State.Error}}' "$name" 2>&1)" >&2
      said "$name" 5 >&2
      exit 1
    fi
    sleep 1
  done
done
"#;
