//! Where the WAL of a server that is down ends, and in which file a position stands.

use std::ops::RangeInclusive;

/// Shell functions on the WAL of a server that is down.
///
/// `wal_end TIMELINE START` sets `end_lsn` to where the last whole record ends, in bytes: a standby
/// continues there, and so does the server itself. The record that `pg_controldata` names is only
/// where the last checkpoint begins. A record goes on behind the header of the next page (24 bytes,
/// 40 in the first page of a segment); one that switches segments ends with its segment.
/// `pg_waldump` is told the first and the last file: else it opens any to see how long a segment is,
/// and one that was made for later has nothing in it yet.
/// `wal_end_of_data` does so for the data in `D`, and sets `end_tli` too. Data that was copied while
/// its source went on needs WAL up to `end_lsn`, and has it up to `there_lsn`. The control file of a
/// standby that crashed may know only an earlier timeline than the one that it was following. One that
/// was promoted and crashed before its next checkpoint may have gone over several; the newest of which
/// there is WAL counts.
///
/// `trim_wal` takes away what a server that crashed had begun to write behind that: no whole record,
/// and nothing that was acknowledged. Its own recovery would write over it; a standby would take a
/// record that was begun near the end of a segment for one that goes on in the next segment of the
/// new timeline, and stop there.
///
/// The programs read what PostgreSQL's user wrote, and with that user's rights.
pub const WAL_END: &str = r#"
tool() ( cd "$D" && name=$1 && shift && own timeout 120 "$B/$name" "$@" )
lsn_bytes() { echo $(( (0x${1%/*} << 32) + 0x${1#*/} )); }
lsn_text() { printf '%X/%X' $(( $1 >> 32 )) $(( $1 & 0xFFFFFFFF )); }
segment_of() {
  number=$(( $2 / wal_segment )); per_id=$(( 0x100000000 / wal_segment ))
  printf '%08X%08X%08X' "$1" $(( number / per_id )) $(( number % per_id ))
}
wal_end() {
  first=$(segment_of "$1" "$(lsn_bytes "$2")")
  final=$(ls "$D/pg_wal" | grep -E "^$(printf '%08X' "$1")[0-9A-F]{16}\$" | sort | tail -n 1)
  last=$(tool pg_waldump -s "$2" "$D/pg_wal/$first" "$final" 2>/dev/null | tail -n 1)
  tot=$(printf '%s\n' "$last" | sed -n 's|.* len (rec/tot): *[0-9]*/ *\([0-9]*\),.*|\1|p')
  set -- $(printf '%s\n' "$last" | sed -n 's|.* lsn: \([0-9A-F]*\)/\([0-9A-F]*\),.*|\1 \2|p')
  [ -n "$tot" ] && [ $# -eq 2 ] || return 1
  end_lsn=$(( (0x$1 << 32) + 0x$2 ))
  while [ "$tot" -gt $(( 8192 - end_lsn % 8192 )) ]; do
    tot=$(( tot - 8192 + end_lsn % 8192 ))
    end_lsn=$(( end_lsn + 8192 - end_lsn % 8192 ))
    if [ $(( end_lsn % wal_segment )) -eq 0 ]; then end_lsn=$(( end_lsn + 40 )); else end_lsn=$(( end_lsn + 24 )); fi
  done
  end_lsn=$(( end_lsn + (tot + 7) / 8 * 8 ))
  case $last in *"desc: SWITCH"*) end_lsn=$(( (end_lsn + wal_segment - 1) / wal_segment * wal_segment )) ;; esac
}
control() { printf '%s\n' "$control" | sed -n "s|^$1: *||p"; }
wal_end_of_data() {
  control=$(tool pg_controldata -D "$D" 2>/dev/null) || return 1
  wal_segment=$(control 'Bytes per WAL segment')
  end_tli=$(control "Latest checkpoint's TimeLineID")
  start=$(control 'Latest checkpoint location')
  replayed=$(control 'Minimum recovery ending location')
  replayed_tli=$(control "Min recovery ending loc's timeline")
  case $(control 'Database cluster state') in
    *recovery*) ;;
    *) replayed=0/0 ;;
  esac
  [ -n "$start" ] && [ -n "$replayed" ] || return 1
  least=$(lsn_bytes "$replayed")
  if [ "$least" -gt 0 ] && [ "$replayed_tli" != "$end_tli" ]; then end_tli=$replayed_tli; start=$replayed; fi
  end_lsn=0
  wal_end "$end_tli" "$start" || [ "$least" -gt 0 ] || return 1
  there_lsn=$end_lsn
  if [ "$least" -gt "$end_lsn" ]; then end_lsn=$least; fi
  newest=$(ls "$D/pg_wal" | grep '\.history$' | sort | tail -n 1)
  [ -n "$newest" ] || return 0
  next=$(( 0x${newest%.history} )); before=$end_lsn
  if [ "$next" -le "$end_tli" ] || ! grep -q "^$end_tli[[:space:]]" "$D/pg_wal/$newest"; then return 0; fi
  while read -r parent start _ && [ "$next" -gt "$end_tli" ]; do
    if wal_end "$next" "$start"; then end_tli=$next; there_lsn=$end_lsn; return 0; fi
    end_lsn=$before; next=$parent
  done <<BREAKWATER_HISTORY
$(grep '^[0-9]' "$D/pg_wal/$newest" | sort -rn)
BREAKWATER_HISTORY
}
trim_wal() {
  wal_end_of_data || return 0
  case $(control 'Database cluster state') in *"archive recovery"|*"in recovery") return 0 ;; esac
  tail="$D/pg_wal/$(segment_of "$end_tli" "$end_lsn")"
  [ -f "$tail" ] || return 0
  runuser -u postgres -- truncate -c -s $(( end_lsn % wal_segment )) "$tail"
  runuser -u postgres -- truncate -c -s "$wal_segment" "$tail"
  sync "$tail"
}
"#;

/// Name of the segment of a timeline in which the byte before `lsn` stands, and how much of it
/// that is.
pub fn segment(timeline: i64, lsn: u64, size: u64) -> (String, u64) {
    // Where it was not read there is no such file, and that is told.
    let size = size.clamp(*SEGMENT_SIZES.start(), *SEGMENT_SIZES.end());
    let last = lsn.saturating_sub(1);
    let (number, per_id) = (last.div_euclid(size), (1_u64 << 32).div_euclid(size));
    let (id, within) = (number.div_euclid(per_id), number.rem_euclid(per_id));
    let name = format!("{timeline:08X}{id:08X}{within:08X}");
    (name, last.rem_euclid(size).saturating_add(1))
}

/// Sizes that segments can have: powers of two from 1 MiB to 1 GiB.
pub const SEGMENT_SIZES: RangeInclusive<u64> = 1 << 20..=1 << 30;

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::shell::OWN;

    /// What `wal_end` makes of the last line that `pg_waldump` prints.
    fn end(line: &str) -> u64 {
        let dir = tempfile::tempdir().expect("a directory");
        let bin = dir.path().join("pg_waldump");
        std::fs::write(&bin, format!("#!/bin/sh\ncat <<'E'\n{line}\nE\n")).expect("written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&bin, mode).expect("executable");
        let script = format!(
            "B={0}\nD={0}\nwal_segment=16777216\n{OWN}{WAL_END}\nwal_end 1 0/0 && echo $end_lsn",
            dir.path().display()
        );
        let output = Command::new("sh").arg("-c").arg(script).output().expect("sh runs");
        String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
    }

    /// What `wal_end_of_data` makes of a server that crashed as the primary of timeline 6, and whose
    /// last checkpoint is of timeline 4. There is WAL of `timeline`.
    fn end_of_data(timeline: u32) -> String {
        let dir = tempfile::tempdir().expect("a directory");
        let at = dir.path().display();
        let record = line(114, "0/07700000", "COMMIT");
        let control = "Database cluster state:               in production\n\
            Latest checkpoint location:           0/7441008\n\
            Latest checkpoint's TimeLineID:       4\n\
            Minimum recovery ending location:     0/0\n\
            Bytes per WAL segment:                16777216";
        let older = line(114, "0/07441008", "CHECKPOINT_SHUTDOWN");
        let dump = format!(
            "case \"${{3##*/}}\" in {timeline:08X}*) echo '{record}' ;; 00000004*) echo '{older}' ;; *) exit 1 ;; esac"
        );
        for (name, text) in
            [("pg_waldump", dump), ("pg_controldata", format!("cat <<'E'\n{control}\nE"))]
        {
            let bin = dir.path().join(name);
            std::fs::write(&bin, format!("#!/bin/sh\n{text}\n")).expect("written");
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(&bin, mode).expect("executable");
        }
        let wal = dir.path().join("pg_wal");
        std::fs::create_dir(&wal).expect("a directory");
        let history = "3\t0/71B23C8\tx\n\n4\t0/7441080\tx\n\n5\t0/7688190\tx\n";
        std::fs::write(wal.join("00000006.history"), history).expect("written");
        let script =
            format!("B={at}\nD={at}\n{OWN}{WAL_END}\nwal_end_of_data && echo $end_tli $end_lsn");
        let output = Command::new("sh").arg("-c").arg(script).output().expect("sh runs");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    #[test]
    fn a_primary_that_crashed_early_is_on_its_newest_timeline() {
        assert_eq!(end_of_data(6), format!("6 {}", 0x0770_0078));
        assert_eq!(end_of_data(5), format!("5 {}", 0x0770_0078), "6 was never written");
        assert_eq!(end_of_data(9), format!("4 {}", 0x0744_1080), "neither was");
    }

    #[tokio::test]
    async fn segments_made_for_later_hide_nothing() {
        let Some(mut postgres) = crate::real_postgres::Postgres::start() else { return };
        postgres.sql("postgres", &["CREATE TABLE t AS SELECT 1"]).await;
        postgres.stop();
        let data = postgres.data();
        let script = format!(
            "B={}\nD={}\n{OWN}{WAL_END}\nwal_end_of_data && echo $end_tli $end_lsn",
            crate::real_postgres::programs().expect("they ran").display(),
            data.display()
        );
        let end = || {
            let output = Command::new("sh").arg("-c").arg(&script).output().expect("sh runs");
            assert!(output.status.success(), "no end: {output:?}");
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        let before = end();
        assert!(before.starts_with("1 "), "{before}");
        // Which of them a directory lists first is left to chance.
        for number in 0x40..0x80_u64 {
            let (name, _) = segment(1, number << 24, 1 << 24);
            let file = std::fs::File::create(data.join("pg_wal").join(name)).expect("a file");
            file.set_len(1 << 24).expect("its length");
        }
        assert_eq!(end(), before);
    }

    fn line(len: u32, lsn: &str, desc: &str) -> String {
        format!(
            "rmgr: XLOG        len (rec/tot):    {len}/   {len}, tx:          0, lsn: {lsn}, prev 0/03842880, desc: {desc}"
        )
    }

    #[test]
    fn a_record_ends_where_the_next_begins() {
        // As pg_waldump printed it, and as PostgreSQL said where the next timeline parted.
        assert_eq!(
            end(&line(114, "0/038428B8", "CHECKPOINT_SHUTDOWN redo 0/38428B8")),
            0x0384_2930
        );
        assert_eq!(end(&line(30, "0/03842880", "RUNNING_XACTS")), 0x0384_28A0);
        assert_eq!(end(&line(100, "1/02001FE0", "X")), 0x1_0200_2060, "behind a page's header");
        assert_eq!(end(&line(40, "0/03FFFFF0", "X")), 0x0400_0040, "behind a segment's header");
        assert_eq!(end(&line(24, "0/03000060", "SWITCH ")), 0x0400_0000);
        assert_eq!(end(&line(32, "0/02001FE0", "X")), 0x0200_2000);
    }

    #[test]
    fn a_position_is_in_the_segment_of_the_byte_before_it() {
        let mib16 = 16 << 20;
        assert_eq!(segment(1, 0x0384_2930, mib16), ("000000010000000000000003".into(), 0x84_2930));
        assert_eq!(segment(2, 0x0400_0000, mib16), ("000000020000000000000003".into(), mib16));
        assert_eq!(segment(1, 0x1_0000_0001, mib16), ("000000010000000100000000".into(), 1));
    }
}
