//! The rows.

use testkit::pair::Pair;

use super::{disks, files, history, processes, settings};

/// One fault.
pub struct Fault {
    pub number: u32,
    /// What happens, and what is expected then.
    pub what: &'static str,
    pub how: How,
}

/// How it is tried.
pub enum How {
    /// On the pair of this table; it ends with a whole pair whose primary is a.
    Here(fn(&mut Pair)),
    /// By another test, which needs more than a pair or has a story of its own.
    In(&'static str),
    /// Not here, for this reason.
    Cannot(&'static str),
}

use How::{Cannot, Here, In};

const fn row(number: u32, what: &'static str, how: How) -> Fault {
    Fault { number, what, how }
}

pub const FAULTS: &[Fault] = &[
    row(1, "SSH drops during a step: the next apply picks it up", In("cuts.rs: Sever")),
    row(2, "SSH drops between two steps of a switchover", In("cuts.rs: Sever at each step")),
    row(3, "the provider is killed with its state unwritten", In("cuts.rs: Kill at each step")),
    row(4, "a copy is interrupted: the next one begins anew", Here(disks::copy_is_killed)),
    row(5, "no space for a copy: refused before it begins", Here(disks::no_space_for_a_copy)),
    row(6, "the standby's disk is full: shown, started again", Here(disks::standby_is_full)),
    row(7, "the primary's WAL disk is full: no failover", Here(disks::primary_is_full)),
    row(8, "the primary dies during an apply: no promotion", Here(processes::primary_dies)),
    row(9, "the standby dies after the stop: back to a", Here(processes::standby_dies)),
    row(10, "replay is paused: refused", In("switchover.rs: REFUSED")),
    row(11, "streaming over a dead link: refused", In("switchover.rs: REFUSED")),
    row(12, "the hosts do not see each other", In("switchover.rs: REFUSED")),
    row(13, "a cannot be reached: nothing is done", Here(processes::primary_out_of_reach)),
    row(14, "two primaries, two timelines", In("rejoin.rs: promoted")),
    row(15, "two primaries, one timeline", In("rejoin.rs: without_its_signal")),
    row(16, "no primary: the named one is promoted", In("rejoin.rs: by hand")),
    row(17, "another system's data: refused, never deleted", Here(disks::foreign_system)),
    row(18, "data is gone on one host", Here(disks::data_is_gone)),
    row(19, "the old primary returns by itself", In("failover.rs: returns; rejoin.rs: fenced")),
    row(20, "the old primary crashed and diverged", In("rejoin.rs: rewind and reclone")),
    row(21, "a rewind is interrupted: copy only", Here(history::rewind_is_killed)),
    row(22, "a promotion takes longer than it is waited for", Here(processes::promotion_hangs)),
    row(23, "the stop hangs in the archiver: no kill", Here(processes::archiver_hangs)),
    row(24, "long transactions at the stop: they end", Here(processes::long_transaction)),
    row(25, "one side has another password: shown, repaired", Here(settings::password)),
    row(26, "the slot lost WAL: copy by consent", Here(history::slot_is_lost)),
    row(27, "slots of others: reported, never dropped", Here(settings::foreign_slot)),
    row(28, "settings that need an order", Here(settings::ordered)),
    row(29, "a bad value: refused before anything", Here(settings::bad_value)),
    row(30, "edited by hand: shown, repaired", Here(files::by_hand)),
    row(
        31,
        "versions or C libraries differ",
        Cannot("the repository has one version of each package per release; plan cases have it"),
    ),
    row(
        32,
        "clocks jump",
        Cannot("all hosts have the machine's clock; a namespace cannot change the wall clock"),
    ),
    row(33, "a stale postmaster.pid whose number lives", Here(files::stale_pid)),
    row(34, "a reboot within a switchover", Here(processes::reboot)),
    row(35, "the mount of the data is missing at boot", Here(disks::mount_is_missing)),
    row(36, "two applies at once: one has the hosts", Here(settings::two_applies)),
    row(37, "the sync standby is down: writes wait", Here(settings::sync_standby_is_down)),
    row(38, "writes during everything", In("writers: the oracle of all stories")),
    row(39, "modes of data and password file", Here(files::modes)),
    row(40, "destroy keeps everything running", Here(settings::destroy)),
];
