//! The installer's scripts, as the release has them.

use std::fmt::Write as _;

use crate::release::Release;

const COMMON: &str = include_str!("../installer/common.sh");
const COMPOSE_OLD: &str = include_str!("../installer/compose_old.sh");
const COMPOSE_NEW: &str = include_str!("../installer/compose_new.sh");
const INSTALL: &str = include_str!("../installer/install.sh");
const PREPARE: &str = include_str!("../installer/prepare");

/// From 2.5.4 on the Compose plugin is preferred.
fn prefers_plugin(release: Release) -> bool {
    release.since(5, 4)
}

/// `common.sh`.
pub fn common(release: Release) -> String {
    let said = if release.since(11, 0) { "20.10.10" } else { "17.06.0" };
    let check = if prefers_plugin(release) { COMPOSE_NEW } else { COMPOSE_OLD };
    COMMON.replace("@DOCKER_SAID@", said).replace("@COMPOSE_CHECK@", check)
}

/// `install.sh`. Newer ones take the node down whether it runs or not.
pub fn install(release: Release) -> String {
    let mut cases = String::new();
    for flag in release.flags() {
        let _ = write!(cases, "\t{flag})\n\t\tprepare_para=\"$prepare_para {flag}\" ;;\n");
    }
    let (compose, down) = if prefers_plugin(release) {
        (
            "$DOCKER_COMPOSE",
            "note \"stopping existing Harbor instance ...\"\n$DOCKER_COMPOSE down -v",
        )
    } else {
        (
            "docker-compose",
            "if [ -n \"$(docker-compose ps -q)\" ]\nthen\n\tnote \"stopping existing Harbor instance ...\"\n\tdocker-compose down -v\nfi",
        )
    };
    INSTALL
        .replace("@FLAGS@", &release.flags().join(", "))
        .replace("@CASES@", &cases)
        .replace("@DOWN@", down)
        .replace("@COMPOSE@", compose)
}

/// The `prepare` wrapper.
pub fn prepare(release: Release) -> String {
    PREPARE.replace("@VERSION@", &release.to_string())
}
