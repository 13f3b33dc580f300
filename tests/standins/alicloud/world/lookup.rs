//! The rig of the cloud.

use testkit::rig::{Rig, RigError};

use crate::failure::{Failure, Result};

/// An error of the rig as one of the cloud.
pub fn failure(why: &RigError) -> Failure {
    let mut text = why.to_string();
    let mut source = std::error::Error::source(why);
    while let Some(why) = source {
        text = format!("{text}: {why}");
        source = why.source();
    }
    Failure::new("StandInFailure.Rig", text)
}

/// The rig of that name.
pub fn find(rig: &str) -> Result<Rig> {
    Rig::find(rig).map_err(|why| failure(&why))
}
