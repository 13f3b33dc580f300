//! Whether one server's WAL is a part of the other's, or where they part.

use super::super::facts::Host;

/// How far a server's WAL reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Its timeline.
    pub timeline: i64,
    /// Its end, in bytes.
    pub end: u64,
    /// How much of it is in its files: a primary writes a little later, and data that was copied from
    /// a server that went on receives the rest when it follows.
    pub there: u64,
    /// Earlier timelines, and where the next parted from each.
    pub ancestors: Vec<(i64, u64)>,
}

/// Where two servers' WAL parts, by timelines alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// Nowhere: one goes on where the other ends.
    Nowhere,
    /// Both wrote after this position.
    At(u64),
    /// The history does not say.
    Unknown,
}

/// How the WAL of the wanted primary and of the other server stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lineage {
    /// Not proven: something cannot be read, or is gone.
    Unproven,
    /// By timelines and positions the other's is a part of the wanted primary's; that the bytes are
    /// equal cannot be proven, as one of the two no longer has them.
    SeemsBehind,
    /// The same, to the end.
    Level,
    /// The other's is a part of the wanted primary's.
    WantedAhead,
    /// The wanted primary's is a part of the other's.
    OtherAhead,
    /// Both have what the other has not.
    Forked,
}

/// How far a server's WAL reaches; none where it has none that can be read.
pub fn position(host: &Host) -> Option<Position> {
    let (timeline, end, there) = if let Some(sql) = &host.sql {
        let there = sql.lsn.max(sql.received).unwrap_or_default();
        let end = there.max(sql.made.unwrap_or_default());
        (sql.wal_timeline, u64::try_from(end).ok()?, u64::try_from(there).ok()?)
    } else {
        let (timeline, end) = host.end?;
        (timeline, end, host.there.unwrap_or(end))
    };
    let history = &host.history;
    let known = history.timeline >= timeline || timeline == 1;
    let mut ancestors = history.ancestors.clone();
    ancestors.retain(|(ancestor, _)| known && *ancestor < timeline);
    let possible = timeline > 0 && u32::try_from(timeline).is_ok();
    (possible && end > 0).then_some(Position { timeline, end, there, ancestors })
}

/// Where the two part.
pub fn compare(a: &Position, b: &Position) -> Fork {
    let (old, new) = sorted(a, b);
    if old.timeline == new.timeline {
        return Fork::Nowhere;
    }
    match new.ancestors.iter().find(|(timeline, _)| *timeline == old.timeline) {
        Some((_, at)) if old.end <= *at => Fork::Nowhere,
        Some((_, at)) => Fork::At(*at),
        None => Fork::Unknown,
    }
}

fn sorted<'a>(a: &'a Position, b: &'a Position) -> (&'a Position, &'a Position) {
    if (a.timeline, a.end) <= (b.timeline, b.end) { (a, b) } else { (b, a) }
}

impl Fork {
    /// Timeline and position up to which the files of both should be equal.
    pub fn common(self, a: &Position, b: &Position) -> Option<(i64, u64)> {
        let (old, _) = sorted(a, b);
        let there = a.there.min(b.there);
        match self {
            Self::Nowhere => Some((old.timeline, there)),
            Self::At(at) => Some((old.timeline, at.min(there))),
            Self::Unknown => None,
        }
    }
}

/// How the two stand to each other: by timelines, and by the hashes of what should be equal. Two
/// servers that both were made primary on the same timeline are found by the hashes alone.
pub fn lineage(wanted: &Host, other: &Host) -> Lineage {
    let (Some(w), Some(o)) = (position(wanted), position(other)) else { return Lineage::Unproven };
    let equal = match (&wanted.prefix, &other.prefix) {
        (Some(a), Some(b)) => Some(a == b),
        _ => None,
    };
    lineage_of(&w, &o, equal)
}

/// The same from positions, and from whether what should be equal is; none where that is not known.
pub fn lineage_of(w: &Position, o: &Position, equal: Option<bool>) -> Lineage {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = (w.timeline, w.end).cmp(&(o.timeline, o.end));
    match (compare(w, o), equal, order) {
        (Fork::At(_), _, _) | (Fork::Nowhere, Some(false), _) => Lineage::Forked,
        (Fork::Nowhere, Some(true), Equal) => Lineage::Level,
        (Fork::Nowhere, Some(true), Greater) => Lineage::WantedAhead,
        (Fork::Nowhere, Some(true), Less) => Lineage::OtherAhead,
        (Fork::Nowhere, None, Equal | Greater) => Lineage::SeemsBehind,
        (Fork::Unknown, _, _) | (Fork::Nowhere, None, Less) => Lineage::Unproven,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(timeline: i64, end: u64, ancestors: &[(i64, u64)]) -> Position {
        Position { timeline, end, there: end, ancestors: ancestors.to_vec() }
    }

    #[test]
    fn timelines_say_where_two_servers_part() {
        let promoted = at(2, 900, &[(1, 500)]);
        assert_eq!(compare(&at(1, 500, &[]), &promoted), Fork::Nowhere, "to the end and no more");
        assert_eq!(compare(&promoted, &at(1, 501, &[])), Fork::At(500));
        assert_eq!(compare(&at(1, 400, &[]), &promoted), Fork::Nowhere);
        assert_eq!(compare(&at(2, 900, &[(1, 500)]), &at(3, 950, &[(1, 400)])), Fork::Unknown);
        assert_eq!(compare(&at(1, 10, &[]), &at(1, 20, &[])), Fork::Nowhere);
    }

    #[test]
    fn what_should_be_equal_ends_where_the_shorter_one_ends_or_where_they_part() {
        let (old, new) = (at(1, 700, &[]), at(2, 900, &[(1, 500)]));
        assert_eq!(compare(&old, &new).common(&new, &old), Some((1, 500)));
        let shorter = at(1, 300, &[]);
        assert_eq!(compare(&shorter, &new).common(&shorter, &new), Some((1, 300)));
    }

    #[test]
    fn what_is_not_in_the_files_of_both_is_not_compared() {
        // Just rewound: it needs what the primary has made, and not all of that is written anywhere.
        let rewound = Position { there: 300, ..at(4, 500, &[]) };
        let primary = Position { there: 450, ..at(4, 520, &[]) };
        assert_eq!(compare(&rewound, &primary).common(&rewound, &primary), Some((4, 300)));
        assert_eq!(lineage_of(&primary, &rewound, Some(true)), Lineage::WantedAhead);
    }

    #[test]
    fn without_the_bytes_only_a_position_that_is_not_ahead_says_something() {
        let (short, long) = (at(1, 300, &[]), at(1, 400, &[]));
        assert_eq!(lineage_of(&long, &short, None), Lineage::SeemsBehind);
        assert_eq!(lineage_of(&long, &long, None), Lineage::SeemsBehind);
        assert_eq!(lineage_of(&short, &long, None), Lineage::Unproven);
        let promoted = at(2, 500, &[(1, 350)]);
        assert_eq!(lineage_of(&promoted, &short, None), Lineage::SeemsBehind);
        assert_eq!(lineage_of(&long, &promoted, None), Lineage::Forked, "needs no bytes");
        assert_eq!(
            lineage_of(&short, &promoted, None),
            Lineage::Unproven,
            "the other was promoted"
        );
        assert_eq!(lineage_of(&long, &short, Some(false)), Lineage::Forked);
    }
}
