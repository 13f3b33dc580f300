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
    /// By other stories of this program, in full.
    In(&'static [&'static str]),
}

use How::{Here, In};

const fn row(number: u32, what: &'static str, how: How) -> Fault {
    Fault { number, what, how }
}

const STRUCK: &[&str] = &["switchover_struck_at_each_step", "failover_struck_at_each_step"];
const DIVERGED: &[&str] = &["rejoin_of_a_diverged_primary"];

pub const FAULTS: &[Fault] = &[
    row(1, "SSH drops during a step: the next apply picks it up", In(STRUCK)),
    row(2, "SSH drops between two steps of a switchover", In(STRUCK)),
    row(3, "the provider is killed with its state unwritten", In(STRUCK)),
    row(4, "a copy is interrupted: the next one begins anew", Here(disks::copy_is_killed)),
    row(5, "no space for a copy: refused before it begins", Here(disks::no_space_for_a_copy)),
    row(6, "the standby's disk is full: shown, started again", Here(disks::standby_is_full)),
    row(7, "the primary's WAL disk is full: no failover", Here(disks::primary_is_full)),
    row(8, "the primary dies during an apply: no promotion", Here(processes::primary_dies)),
    row(9, "the standby dies after the stop: back to a", Here(processes::standby_dies)),
    row(10, "replay is paused: refused", In(&["switchover_refused"])),
    row(11, "streaming over a dead link: refused", In(&["switchover_refused"])),
    row(12, "the hosts do not see each other: settings are changed", Here(settings::partitioned)),
    row(13, "a cannot be reached: nothing is done", Here(processes::primary_out_of_reach)),
    row(14, "two primaries, two timelines", In(DIVERGED)),
    row(15, "two primaries, one timeline", In(DIVERGED)),
    row(16, "no primary: promoted only if it has all", Here(history::no_primary)),
    row(17, "another system's data: refused, never deleted", Here(disks::foreign_system)),
    row(18, "data is gone on one host", Here(disks::data_is_gone)),
    row(19, "the old primary returns by itself", Here(processes::old_primary_returns)),
    row(20, "the old primary crashed and diverged", In(DIVERGED)),
    row(21, "a rewind is interrupted: copy only", Here(history::rewind_is_killed)),
    row(22, "a promotion takes longer than it is waited for", Here(processes::promotion_hangs)),
    row(23, "the stop hangs in the archiver: no kill", Here(processes::archiver_hangs)),
    row(24, "long transactions at the stop: they end", Here(processes::long_transaction)),
    row(25, "one side has another password: shown, repaired", Here(settings::password)),
    row(26, "the slot lost WAL: copy by consent", Here(history::slot_is_lost)),
    row(27, "slots of others: reported, never dropped", Here(settings::foreign_slot)),
    row(28, "settings that need an order", Here(settings::ordered)),
    row(29, "a bad value: refused before anything", Here(settings::bad_value)),
    row(30, "edited by hand: shown, repaired", Here(files::manual_edits)),
    row(31, "versions or C libraries differ: refused", Here(settings::versions)),
    row(32, "clocks jump: shown, and nothing depends on it", Here(settings::clocks)),
    row(33, "a stale postmaster.pid whose number lives", Here(files::stale_pid)),
    row(34, "a reboot within a switchover", Here(processes::reboot)),
    row(35, "the mount of the data is missing at boot", Here(disks::mount_is_missing)),
    row(36, "two applies at once: one has the hosts", Here(settings::two_applies)),
    row(37, "the sync standby is down: writes wait", Here(settings::sync_standby_is_down)),
    row(
        38,
        "writes during everything",
        In(&["the_oracle_sees_a_loss_and_nothing_else", "switchover_under_load"]),
    ),
    row(39, "modes of data and password file", Here(files::modes)),
    row(40, "destroy keeps everything running", Here(settings::destroy)),
];
