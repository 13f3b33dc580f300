//! Words of a shell, and the one way by which root writes where others may.
//!
//! # Directories of others
//! Where a directory on the way is another user's, a name in it is whatever that user makes of it
//! while we look: a link to a file of root's, or to a directory. So a script goes into the directory by
//! `enter`, and works there with names of a single part. What it writes goes by `put`. What it does
//! beside that with a file it does as `own`, with the rights of the directory's owner.

/// A value as one word. A NUL byte, which no word can hold, stays in it: a host is given no script with
/// one ([`crate::host::HostError::Script`]).
pub fn word(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// Several, each a word of its own.
pub fn words<T: AsRef<str>>(values: &[T]) -> String {
    values.iter().map(|value| word(value.as_ref())).collect::<Vec<_>>().join(" ")
}

/// A macro, as `concat!` takes literals alone.
macro_rules! own {
    () => {
        r#"as() {
  user=$1; shift
  case $user in
    root) "$@" ;;
    *) setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- "$@" ;;
  esac
}
own() {
  owner=$(stat -c '%u %U' .) || return 1
  case $owner in
    *' UNKNOWN') setpriv --reuid="${owner% *}" --regid="${owner% *}" --clear-groups -- "$@" ;;
    *) as "${owner#* }" "$@" ;;
  esac
}
"#
    };
}

/// The functions, for `sh` as root. None of them needs `set -e`; each says why it fails.
///
/// - `enter DIRECTORY`: go there. A link on the way is taken where root alone can have made it, and
///   nowhere else; the directory then stays the current one, whatever becomes of its name. With
///   `missing=make`, what is missing is made, 0755.
/// - `as USER COMMAND...`: run it with the rights of that user.
/// - `own COMMAND...`: the same as the current directory's owner.
/// - `room NAME`: go into a directory below the current one that is root's alone, made where it is
///   missing. It can be renamed by others, and nothing more.
/// - `put NAME OWNER MODE`: what comes on standard input becomes this file of the current directory,
///   whole or not at all, and on disk. With `size=N`, input of another size is refused.
/// - `write PATH OWNER MODE`: the same with the way there.
/// - `give DIRECTORY OWNER MODE`: make it where it is missing, not its parent; it gets owner and mode.
/// - `protect PATH OWNER MODE`: give owner and mode to what is there and no link.
/// - `move FROM TO`: rename within a directory.
pub const WAYS: &str = concat!(
    own!(),
    r#"enter() {
  rest=$1/ links=0 here=
  cd / || return 1
  while [ -n "$rest" ]; do
    step=${rest%%/*} rest=${rest#*/}
    case $step in
      ''|.) continue ;;
      ..) cd -P .. && here=$(pwd -P) || return 1; here=${here%/}; continue ;;
    esac
    if [ -L "./$step" ]; then
      links=$((links + 1))
      case "$links $(stat -c '%u %A' .)" in
        [1-9]" 0 d"????-??-?) ;;
        *) echo "$1: the link $here/$step is not followed: others than root may have made it" >&2; return 1 ;;
      esac
      step=$(readlink "./$step") || return 1
      case $step in /*) here=; cd / || return 1 ;; esac
      rest=$step/$rest
      continue
    fi
    if [ "${missing:-}" = make ] && [ ! -e "./$step" ]; then mkdir -m 0755 "./$step" || return 1; fi
    cd -P "./$step" || return 1
    here=$here/$step
    if [ "$(pwd -P)" != "$here" ]; then echo "$1: somebody has exchanged $here" >&2; return 1; fi
  done
}
room() {
  here=$(pwd -P) || return 1
  case $(stat -c '%u %A' "./$1" 2>/dev/null) in
    "0 drwx--"?---) ;;
    *) rm -rf "./$1" && mkdir -m 0700 "./$1" || return 1 ;;
  esac
  cd -P "./$1" || return 1
  case "$(pwd -P) $(stat -c '%u %A' .)" in
    "${here%/}/$1 0 drwx--"?---) ;;
    *) echo "somebody has exchanged $here/$1" >&2; return 1 ;;
  esac
}
put() (
  umask 077
  # Left by those who were killed; who still runs is younger than its limit.
  find . -maxdepth 1 -name ".$1.breakwater.*" -mmin +10 -exec rm -rf {} + 2>/dev/null
  stage=$(mktemp -d "./.$1.breakwater.XXXXXX") && room "${stage#./}" || exit 1
  trap 'rm -f ./new; cd .. && rmdir "$stage"' EXIT
  cat >./new || exit 1
  if [ -n "${size:-}" ] && [ "$(stat -c %s ./new)" -ne "$size" ]; then
    echo "the content arrived cut short" >&2; exit 1
  fi
  chown "$2" ./new && chmod "$3" ./new && sync ./new && mv -fT ./new "../$1" && sync ..
)
write() ( enter "${1%/*}" && put "${1##*/}" "$2" "$3" )
give() (
  enter "${1%/*}" || exit 1
  if [ ! -e "./${1##*/}" ]; then mkdir -m 0700 "./${1##*/}" || exit 1; fi
  enter "$1" && chown "$2" . && chmod "$3" .
)
protect() (
  enter "${1%/*}" || exit 1
  if [ ! -L "./${1##*/}" ]; then chown -h "$2" "./${1##*/}" && chmod "$3" "./${1##*/}"; fi
)
move() ( enter "${1%/*}" && mv -T "./${1##*/}" "./${2##*/}" )
"#
);

/// `as` and `own` alone, for a script that only looks.
pub const OWN: &str = own!();

#[cfg(test)]
pub(crate) mod tests;
