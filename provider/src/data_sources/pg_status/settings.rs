//! What the user writes, and what is read.

use std::collections::BTreeMap;

use crate::resource::Ssh;

crate::settings! {
    /// One node.
    pub struct Node {
        /// How to reach its host.
        ssh: Ssh = attr(),
    }

    /// What the user writes.
    pub struct Settings {
        /// The nodes, each with a name of its own.
        nodes: BTreeMap<String, Node> = attr(),
        /// Port of the cluster on each host, which is reached through its unix socket.
        port: u16 = attr().default(5432).check(crate::checks::port),
    }

    /// A replication slot.
    pub struct Slot {
        /// `physical` or `logical`.
        kind: String = attr(),
        /// Whether somebody uses it.
        active: bool = attr(),
        /// What the server says of the log that it keeps for the slot: `reserved`, `extended`,
        /// `unreserved`, `lost`.
        wal_status: Option<String> = attr(),
        /// Bytes of the log that it keeps for the slot.
        held_bytes: Option<i64> = attr(),
        /// How many transactions ago the oldest row was deleted that it keeps for the slot.
        xmin_age: Option<i64> = attr(),
    }

    /// Who receives from a primary.
    pub struct Replica {
        /// Its address.
        address: Option<String> = attr(),
        /// `streaming`, `catchup`, ...
        state: Option<String> = attr(),
        /// `async`, `sync`, `potential` or `quorum`.
        sync_state: Option<String> = attr(),
    }

    /// Archiving of finished segments.
    pub struct Archiver {
        /// Segments archived since the statistics were reset.
        archived: i64 = attr(),
        /// Attempts that failed.
        failed: i64 = attr(),
        /// The last attempt failed.
        failing: bool = attr(),
        /// Last segment archived.
        last_archived: Option<String> = attr(),
        /// Last segment that could not be archived.
        last_failed: Option<String> = attr(),
    }

    /// One node's server.
    pub struct NodeStatus {
        /// `primary`, `standby`, `down`, or `unreachable` where its host does not answer.
        role: String = attr(),
        /// Its version: `15.8`.
        version: Option<String> = attr(),
        /// Its system identifier: the same on all copies of one cluster.
        system_identifier: Option<String> = attr(),
        /// Its timeline: raised by each promotion.
        timeline: Option<i64> = attr(),
        /// What it has written (primary) or replayed (standby): `0/3000148`.
        lsn: Option<String> = attr(),
        /// Of a standby: what it has received.
        received_lsn: Option<String> = attr(),
        /// Of a standby: bytes of the primary's log that it has not replayed.
        lag_bytes: Option<i64> = attr(),
        /// Of a standby: whether it receives from the primary.
        streaming: Option<bool> = attr(),
        /// Of a standby: the host that it receives from.
        receives_from: Option<String> = attr(),
        /// Of a standby: whether its replay is paused.
        replay_paused: Option<bool> = attr(),
        /// Of a standby: the slot that it uses.
        slot: Option<String> = attr(),
        /// Its slots by name.
        slots: BTreeMap<String, Slot> = attr(),
        /// Who receives from it, by `application_name`.
        replicas: BTreeMap<String, Replica> = attr(),
        /// What became of finished segments; null where nothing is archived.
        archiver: Option<Archiver> = attr(),
        /// Settings that wait for a restart.
        pending_restart: Vec<String> = attr(),
        /// Settings in `postgresql.auto.conf`, where `ALTER SYSTEM` writes them: they count instead of
        /// those in the configuration files.
        altered: Vec<String> = attr(),
        /// Directories beside its data directory that hold the data of another history, kept when it
        /// became a standby again.
        diverged_dirs: Vec<String> = attr(),
        /// Why it is down or unreachable.
        error: Option<String> = attr(),
    }

    /// What is read.
    pub struct Outputs {
        /// Each node.
        servers: Option<BTreeMap<String, NodeStatus>> = attr(),
        /// Name of the primary; null where there is none or more than one.
        primary: Option<String> = attr(),
        /// Whether more than one node takes changes.
        split_brain: Option<bool> = attr(),
        /// Whether there is one primary, and every other node follows it.
        replicating: Option<bool> = attr(),
        /// What is wrong, a sentence each.
        errors: Option<Vec<String>> = attr(),
    }
}
