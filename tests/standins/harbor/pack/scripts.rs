//! The installer's scripts, as the release has them.

use std::fmt::Write as _;

use render::harbor::releases::Oldest;

use crate::release::{self, Quirk, Release};

const COMMON: &str = include_str!("../installer/common.sh");
const COMPOSE_OLD: &str = include_str!("../installer/compose_old.sh");
const COMPOSE_NEW: &str = include_str!("../installer/compose_new.sh");
const INSTALL: &str = include_str!("../installer/install.sh");
const PREPARE: &str = include_str!("../installer/prepare");

/// `common.sh`.
pub fn common(release: Release) -> String {
    let said = release.docker().map(|need| {
        let Oldest(major, minor, patch) = need.documented;
        format!("{major}.{minor:02}.{patch}")
    });
    let check = if release.has(Quirk::ComposePlugin) { COMPOSE_NEW } else { COMPOSE_OLD };
    COMMON.replace("@DOCKER_SAID@", &said.unwrap_or_default()).replace("@COMPOSE_CHECK@", check)
}

/// `install.sh`. Newer ones take the node down whether it runs or not.
pub fn install(release: Release) -> String {
    let mut cases = String::new();
    for flag in release::flags(release) {
        let _ = write!(cases, "\t{flag})\n\t\tprepare_para=\"$prepare_para {flag}\" ;;\n");
    }
    let (compose, down) = if release.has(Quirk::ComposePlugin) {
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
        .replace("@FLAGS@", &release::flags(release).join(", "))
        .replace("@CASES@", &cases)
        .replace("@DOWN@", down)
        .replace("@COMPOSE@", compose)
}

/// The `prepare` wrapper.
pub fn prepare(release: Release) -> String {
    PREPARE.replace("@VERSION@", &release.to_string())
}
