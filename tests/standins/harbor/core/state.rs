//! What core holds while it runs.

use std::sync::Arc;

use super::board::Board;
use super::database::Pool;
use super::environment::Environment;
use super::keys::{SecretKey, TokenKey};
use crate::http::Internal;
use crate::redis::Redis;
use crate::release::Release;

/// What every request can reach.
pub struct Core {
    pub release: Release,
    pub environment: Environment,
    pub database: Pool,
    pub redis: Redis,
    pub token_key: TokenKey,
    pub secret_key: SecretKey,
    pub health: Board,
    pub client: Internal,
}

/// A shared [`Core`], as handlers get it.
pub type Shared = Arc<Core>;
