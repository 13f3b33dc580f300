//! Stories: what users must be able to do, by real Terraform and on real hosts. Needs root.
//!
//! Each is told on hosts of its own; an install takes a minute, so what can be shown on one install
//! is shown in order on it. Progress goes to the terminal. `make test` tells all but those that are
//! told at length, by `make soak`; `STORY=name` tells one alone.

mod acceptance;
mod alicloud;
mod cloud;
mod faults;
mod rig;
mod roles;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use testkit::soak;
use testkit::story::{Story, tell_longest};

use acceptance::{
    adopted, article, bad_input, existing, main_job, manual, serving, sources, states, ubuntu,
    unhealthy, users,
};
use cloud::{production, staging};
use roles::{cuts, failover, gap, oracle, rejoin, switchover, upgrade, versions};

/// How many of the longest stories and sections are told at the end.
const LONGEST: usize = 10;

/// A story.
struct StoryEntry {
    name: &'static str,
    body: fn(&Story),
    schedule: Schedule,
}

/// Who tells it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Schedule {
    /// `make test`.
    Test,
    /// `make test`, and `make soak` at length, for about so many minutes.
    Both(u32),
    /// `make soak`, for about so many minutes.
    Soak(u32),
    /// `make bench`.
    Bench,
}

impl Schedule {
    fn minutes(self) -> Option<u32> {
        match self {
            Self::Both(minutes) | Self::Soak(minutes) => Some(minutes),
            Self::Test | Self::Bench => None,
        }
    }
}

use Schedule::{Bench, Both, Soak, Test};

const fn story(name: &'static str, body: fn(&Story), schedule: Schedule) -> StoryEntry {
    StoryEntry { name, body, schedule }
}

/// Longest first, so that none is left alone at the end.
const STORIES: &[StoryEntry] = &[
    story("production", production::is_made_changed_and_destroyed_through_a_bastion, Test),
    story("main_job", main_job::two_bare_hosts_become_a_harbor_and_stay_as_described, Test),
    story("old_releases", main_job::the_article_s_releases_work_are_kept_and_are_purged, Test),
    story("ubuntu", ubuntu::the_main_job_is_done_on_24_04, Test),
    story(
        "sources",
        sources::software_comes_from_mirrors_and_urls_and_storage_from_elsewhere,
        Test,
    ),
    story("serving", serving::the_registry_serves_while_its_database_moves, Test),
    story("faults", roles::faults::each, Both(40)),
    story("adopted", adopted::two_hosts_built_by_hand_are_adopted_by_the_example, Test),
    story(
        "install_struck",
        faults::an_apply_that_is_cut_at_each_step_is_finished_by_the_next,
        Both(15),
    ),
    story("existing", existing::hosts_that_exist_become_a_harbor_by_the_example_and_are_left, Test),
    story("unhealthy", unhealthy::a_node_that_would_not_come_back_goes_on_as_it_was, Test),
    story("the_cloud_in_a_rig", alicloud::the_cloud_is_real_in_a_rig, Test),
    story("rejoin_of_a_diverged_primary", rejoin::diverged, Test),
    story("what_others_did_by_hand", rejoin::after_manual_changes, Test),
    story("article", article::a_node_built_by_hand_is_imported_as_it_is, Test),
    story("failover_with_sync", failover::with_sync, Both(20)),
    story("failover_by_token", failover::by_token, Test),
    story("switchover_refused", switchover::refused, Test),
    story("failover_over_a_timeline", failover::over_a_timeline, Test),
    story("failover_with_the_dead_disk", failover::topped_up, Both(15)),
    story("switchover_struck_at_each_step", cuts::switchover, Both(15)),
    story("failover_struck_at_each_step", cuts::failover, Both(15)),
    story("rejoin_struck_at_each_step", cuts::rejoin, Both(25)),
    story("upgrade_of_the_package", upgrade::of_the_package, Test),
    story("switchover_under_load", switchover::under_load, Both(10)),
    story("the_oracle_sees_a_loss_and_nothing_else", oracle::sees_a_loss, Test),
    story("the_rig", rig::two_hosts_from_up_to_down, Test),
    story("users", users::a_host_is_managed_by_root_by_sudo_and_through_a_bastion, Test),
    story(
        "bad_input",
        bad_input::bad_input_is_refused_at_its_attribute_and_nothing_is_touched,
        Test,
    ),
    story("ubuntu_before", ubuntu::older_releases_are_planned_with_what_they_have, Test),
    story("by_hand", manual::a_pair_built_by_hand_is_adopted_without_a_restart, Test),
    story("states", states::the_state_of_the_first_version_is_read_and_moved, Test),
    story("staging", staging::is_made_and_destroyed_from_a_network_that_is_routed_to_it, Soak(5)),
    story("postgresql_13", versions::of_13, Soak(6)),
    story("postgresql_17", versions::of_17, Soak(6)),
    story("write_gap", gap::beside_a_bare_script, Bench),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each that runs has hosts of its own.
    arguments.test_threads.get_or_insert(1);
    let minutes: Vec<(&str, u32)> =
        STORIES.iter().filter_map(|entry| Some((entry.name, entry.schedule.minutes()?))).collect();
    let part = soak::part(&minutes);
    let trials = STORIES.iter().map(|entry| {
        let is_told = match &part {
            Some(part) => part.contains(&entry.name),
            None => matches!(entry.schedule, Test | Both(_)),
        };
        trial(entry).with_ignored_flag(!is_told)
    });
    let mut trials: Vec<Trial> = trials.collect();
    trials.push(Trial::test("every_fault_has_a_row", || {
        roles::faults::every_fault_has_a_row(
            &STORIES.iter().map(|entry| entry.name.to_owned()).collect::<Vec<_>>(),
        );
        Ok(())
    }));
    let conclusion = libtest_mimic::run(&arguments, trials);
    tell_longest(LONGEST);
    conclusion.exit_code()
}

fn trial(entry: &StoryEntry) -> Trial {
    let StoryEntry { name, body, .. } = *entry;
    Trial::test(name, move || {
        let story = Story::begin(name);
        body(&story);
        Ok(())
    })
}
