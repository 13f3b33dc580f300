//! What was acknowledged and when, and how it compares with the rows that are there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A row: writer and number.
pub type Row = (i32, i64);

/// Commits that a server acknowledged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// Each row, with the microsecond (since 1970) at which the acknowledgement came.
    pub rows: BTreeMap<Row, u64>,
}

/// How they compare with the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many were acknowledged.
    pub acknowledged: usize,
    /// How many rows there are; more than were acknowledged if answers were lost.
    pub rows: usize,
    /// Acknowledged and not there.
    pub lost: Vec<Row>,
    /// Longest time between two acknowledgements.
    pub gap: Duration,
}

/// What comes to a record while it is written.
#[derive(Debug)]
pub(super) struct RecordTail {
    path: PathBuf,
    read: u64,
}

impl RecordTail {
    /// What comes after this moment; the record need not be there yet.
    pub(super) fn from_now(path: &Path) -> Self {
        let read = path.metadata().map_or(0, |m| m.len());
        Self { path: path.to_owned(), read }
    }

    /// How many lines ended since the last look.
    pub(super) fn lines(&mut self) -> usize {
        let mut more = Vec::new();
        let mut take = || {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(self.read))?;
            file.read_to_end(&mut more)
        };
        // One that is not there has no lines.
        self.read += take().unwrap_or_default() as u64;
        more.into_iter().filter(|byte| *byte == b'\n').count()
    }
}

impl Acknowledged {
    /// A record as `session` writes it. The last line of one that is being written may be half:
    /// it is left out.
    pub fn parse(text: &str) -> Self {
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let line = |line: &str| {
            let mut words = line.split(' ');
            let row = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            Some((row, words.next()?.parse().ok()?))
        };
        let read = |l: &str| line(l).unwrap_or_else(|| panic!("no record: {l:?}"));
        Self { rows: whole.lines().map(read).collect() }
    }

    /// [`Acknowledged::parse`] of a file; nothing if there is none.
    pub fn read(path: &Path) -> Self {
        Self::parse(&std::fs::read_to_string(path).unwrap_or_default())
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Compares with the rows that are there.
    pub fn compare(&self, rows: &BTreeSet<Row>) -> Report {
        let lost = self.rows.keys().filter(|row| !rows.contains(row)).copied().collect();
        let gap = self.longest_gap(0, u64::MAX);
        Report { acknowledged: self.len(), rows: rows.len(), lost, gap }
    }

    /// The longest time without an acknowledgement that ended between two moments (microseconds
    /// since 1970).
    pub fn longest_gap(&self, from: u64, to: u64) -> Duration {
        let mut times: Vec<u64> = self.rows.values().copied().collect();
        times.sort_unstable();
        let gaps = times.windows(2).filter(|w| (from..=to).contains(&w[1])).map(|w| w[1] - w[0]);
        Duration::from_micros(gaps.max().unwrap_or_default())
    }
}

impl Report {
    /// The report, which must have lost nothing.
    #[track_caller]
    #[must_use]
    pub fn nothing_lost(self) -> Self {
        assert!(self.acknowledged > 0, "nothing was written");
        let first: Vec<_> = self.lost.iter().take(5).collect();
        assert!(self.lost.is_empty(), "{self}; the first of the lost: {first:?}");
        self
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, rows, lost, gap } = self;
        let (lost, gap) = (lost.len(), gap.as_secs_f64());
        write!(f, "{acknowledged} acknowledged, {rows} rows, {lost} lost, longest gap {gap:.2} s")
    }
}

/// Rows as [`super::ROWS`] prints them.
#[track_caller]
pub fn parse_rows(text: &str) -> BTreeSet<Row> {
    let row = |line: &str| {
        let (writer, seq) = line.split_once(' ')?;
        Some((writer.parse().ok()?, seq.parse().ok()?))
    };
    text.lines().map(|l| row(l).unwrap_or_else(|| panic!("no row: {l:?}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = "0 0 1000000\n1 0 1200000\n0 1 4000000\n1 1 4100000\n0 2 44";

    #[test]
    fn what_was_acknowledged_and_is_not_there_is_lost() {
        let report = Acknowledged::parse(RECORD).compare(&parse_rows("0 0\n1 0\n1 1\n0 2\n"));
        assert_eq!((report.acknowledged, report.rows), (4, 4));
        assert_eq!(report.lost, [(0, 1)]);
        assert_eq!(report.gap, Duration::from_millis(2800));
        let caught = std::panic::catch_unwind(|| report.nothing_lost());
        assert!(caught.is_err(), "a loss must fail the test");
    }

    #[test]
    fn a_row_whose_answer_was_lost_is_no_loss() {
        let report = Acknowledged::parse(RECORD).compare(&parse_rows("0 0\n1 0\n0 1\n1 1\n9 9\n"));
        assert_eq!(report.nothing_lost().rows, 5);
    }

    #[test]
    fn what_was_there_before_is_not_counted_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record");
        let write = |text: &str| {
            let file = File::options().create(true).append(true).open(&path);
            std::io::Write::write_all(&mut file.unwrap(), text.as_bytes()).unwrap();
        };
        let mut all = RecordTail::from_now(&path);
        assert_eq!(all.lines(), 0);
        write("0 0 1\n1 0 2\n");
        let mut later = RecordTail::from_now(&path);
        write("0 1 3\n1 ");
        assert_eq!((all.lines(), later.lines()), (3, 1));
        write("1 4\n");
        assert_eq!((all.lines(), later.lines()), (1, 1));
    }

    #[test]
    fn a_gap_belongs_to_the_moment_of_its_end() {
        let all = Acknowledged::parse(RECORD);
        assert_eq!(all.longest_gap(0, 3_999_999), Duration::from_millis(200));
        assert_eq!(all.longest_gap(4_000_001, u64::MAX), Duration::from_millis(100));
        assert_eq!(all.longest_gap(5_000_000, u64::MAX), Duration::ZERO);
    }
}
