//! What is asked of the host.

use super::facts::{KEY, NODE};
use super::files::{CONF_PATH, PACKAGE, UNIT, UNIT_PATH};
use super::scripts;
use super::settings::DatabaseEndpoint;
use crate::facts::{file, package, service};
use crate::resource::Question;

/// What to ask.
pub fn questions(settings: &DatabaseEndpoint) -> Vec<Question> {
    vec![
        package::question(NODE, &[PACKAGE]),
        file::question(NODE, CONF_PATH),
        file::question(NODE, UNIT_PATH),
        service::question(NODE, &[UNIT]),
        Question::script(NODE, KEY, scripts::look(&settings.address, settings.port)),
    ]
}
