//! Rigs: a few real Debian hosts in a network of their own, on one machine, thrown away whole.
//!
//! A rig is a network namespace `bw-NAME` with a bridge (198.51.100.0/24), hosts that boot a full
//! systemd in `systemd-nspawn` on a throw-away overlay of a read-only image, and what stands for
//! the cloud around them: a TCP load balancer (haproxy), Redis, an apt server, a shared folder.
//! Rigs with different names do not see each other and may live at the same time.
//!
//! Everything a rig has is found by its name alone (namespace, control groups, directory), so
//! [`Rig::down`] also cleans up after a rig that came up half.
//!
//! | module | what it does |
//! |---|---|
//! | `deps` | packages that the machine itself needs |
//! | `network`, `cgroup`, `disk`, `boot` | one host |
//! | `services`, `daemon`, `fileserver` | what stands around the hosts |
//! | `members` | hosts that come and go while the rig is up |
//! | `cloud_init` | what such a host does with user data |
//! | `dns`, `balancers`, `redis`, `firewall` | what a cloud has around them |
//! | `image`, `ubuntu`, `cache` | what hosts boot, and where their packages come from |
//! | `runner` | whoever runs tools in the rig |
//! | `outside` | a runner that sees public addresses alone, or one jump host |
//! | `slow` | a link with a delay between the runner and all that |
//! | `snapshot`, `freeze` | hosts that begin as an apply left others |
//! | `used` | which rigs a story has |
//! | `options`, `prepare`, `cleanup`, `handle` | all of it, up and down |
//! | `keys`, `state` | what a user of the rig needs to get in |

pub mod balancers;
pub mod boot;
pub mod cache;
pub mod cgroup;
pub mod cloud_init;
pub mod command;
pub mod daemon;
pub mod deps;
pub mod disk;
pub mod distro;
pub mod dns;
pub mod docker_ce;
pub mod error;
pub mod files;
pub mod fileserver;
pub mod firewall;
pub mod image;
pub mod keys;
pub mod network;
pub mod outside;
pub mod paths;
pub mod redis;
pub mod repository;
pub mod runner;
pub mod services;
pub mod slow;
pub mod snapshot;
pub mod state;
pub mod ubuntu;
pub mod used;

mod cleanup;
mod freeze;
mod handle;
mod members;
mod options;
mod prepare;

pub use distro::Distro;
pub use error::{Result, RigError};
pub use handle::{Host, Rig, keep};
pub use members::NewHost;
pub use options::Options;
pub use snapshot::Snapshot;
pub use state::{Added, HostState, RigState};
