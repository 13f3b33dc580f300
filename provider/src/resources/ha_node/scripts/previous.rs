//! The configuration that a node ran healthy with, kept beside the one that follows it until that is
//! healthy too, and put back where it does not become so.

use super::shared::{BACK, said, waits};
use crate::resources::ha_node::settings::HaNode;
use crate::shell::{WAYS, word};

/// Where it is kept; root's alone.
const KEPT: &str = ".breakwater-previous";

/// Keeps what is there, unless it was never started: then an earlier, cut run has kept the good one.
pub fn keep(s: &HaNode) -> String {
    format!("cd {}\nkeep={KEPT} data={}\n{KEEP}", word(&s.directory), word(&s.data_volume))
}

const KEEP: &str = r#"started_since() {
  if [ -f .breakwater-up ] || [ -f "$keep/.breakwater-up" ]; then ! cmp -s .breakwater-up "$keep/.breakwater-up"; else false; fi
}
if [ -e "$keep/complete" ] && ! started_since; then exit 0; fi
rm -rf "$keep.new"; ( umask 077; mkdir "$keep.new" )
for file in harbor.yml docker-compose.yml docker-compose.override.yml .breakwater-prepared .breakwater-up; do
  [ ! -f "$file" ] || cp -a "$file" "$keep.new/$file"
done
[ ! -d tls ] || cp -a tls "$keep.new/tls"
[ ! -d common/config ] || cp -a common/config "$keep.new/config"
[ ! -d "$data/secret/cert" ] || cp -a "$data/secret/cert" "$keep.new/cert"
touch "$keep.new/complete"
sync -f "$keep.new" 2>/dev/null || sync
rm -rf "$keep"
mv -T "$keep.new" "$keep"
"#;

/// Puts it back and brings the node up with it. Until each part is there, its mark says that nobody
/// knows what the node was prepared and started with; cut anywhere, it can be run again.
pub fn put_back(s: &HaNode, compose: &str) -> String {
    format!(
        "{WAYS}cd {}\nkeep={KEPT} data={}\n{BACK}{PUT_BACK}{compose} down --remove-orphans\n\
         {compose} up -d --remove-orphans\n{}again .breakwater-up\nrm -rf \"$keep\"\n",
        word(&s.directory),
        word(&s.data_volume),
        waits(s),
    )
}

const PUT_BACK: &str = r#"if [ ! -e "$keep/complete" ]; then echo "no configuration of before is kept" >&2; exit 1; fi
again() {
  if [ -f "$keep/$1" ]; then cp -a "$keep/$1" "$1.breakwater"; mv -f "$1.breakwater" "$1"; else rm -f "$1"; fi
}
for mark in prepared up; do printf '%s\n' - - - >.breakwater-mark; mv -f .breakwater-mark ".breakwater-$mark"; done
for file in harbor.yml docker-compose.override.yml; do again "$file"; done
if [ -d tls ] || [ -d "$keep/tls" ]; then mkdir -p tls; for file in tls/server.crt tls/server.key; do again "$file"; done; fi
back
sync -f . 2>/dev/null || sync
again .breakwater-prepared
"#;

/// Gives it up, once the one after it is healthy.
pub fn forget(s: &HaNode) -> String {
    format!("cd {}\nrm -rf {KEPT} {KEPT}.new\n", word(&s.directory))
}

/// What the containers say that may be why the node is not healthy: core first of all, and those that
/// do not run.
pub fn explain(s: &HaNode) -> String {
    format!("cd {} || exit 0\n{}{EXPLAIN}", word(&s.directory), said(s))
}

const EXPLAIN: &str = r#"for name in $(sed -n 's/^ *container_name: *//p' docker-compose.yml); do
  state=$(docker inspect --type container --format '{{.State.Status}}{{with .State.Health}}, {{.Status}}{{end}}' "$name" 2>/dev/null) || state='not there'
  case $name,$state in
    harbor-core,*) lines=8 ;;
    *,running|*,'running, healthy'|*,'running, starting') continue ;;
    *) lines=4 ;;
  esac
  echo "$name ($state) said last:"
  said "$name" "$lines"
done
"#;
