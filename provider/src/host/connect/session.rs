//! One SSH connection: made, verified, logged in, and known to be lost when it is.

use std::fmt::Display;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use russh::client::{self, Handle};
use tokio::sync::{Semaphore, watch};

use crate::host::connect::auth::log_in;
use crate::host::connect::client::Client;
use crate::host::connect::key::KeyBlob;
use crate::host::connect::lost::Lost;
use crate::host::connect::socket::{Progress, Transport};
use crate::host::connect::trust::Trust;
use crate::host::error::HostError;
use crate::host::settings::Login;
use crate::host::settings::{Auth, Keepalive};
use crate::host::through::Through;

/// Commands that run at one time on a connection. sshd's default `MaxSessions` is 10; the shell,
/// the lock, waiting jobs and database proxies have channels of their own.
const COMMANDS_AT_ONCE: usize = 4;

/// Everything needed to make a connection.
pub(in crate::host) struct Plan<'a> {
    pub name: &'a str,
    pub user: &'a str,
    pub auth: &'a [Auth],
    pub trust: Trust,
    pub timeout: Duration,
    pub keepalive: Keepalive,
    pub login: Login,
}

/// A connection that is logged in.
pub(in crate::host) struct Session {
    pub name: String,
    pub key: KeyBlob,
    pub login: Login,
    pub slots: Arc<Semaphore>,
    pub handle: Handle<Client>,
    /// How long the server may take for what it does at once.
    pub patience: Duration,
    lost: Lost,
    given_up: OnceLock<String>,
}

impl Session {
    /// Makes a connection over `transport`.
    pub async fn connect(
        transport: impl Transport + 'static,
        plan: Plan<'_>,
    ) -> Result<Self, HostError> {
        let config = client::Config {
            preferred: plan.trust.preferred(),
            keepalive_interval: Some(plan.keepalive.interval),
            keepalive_max: plan.keepalive.count,
            nodelay: true,
            ..client::Config::default()
        };
        let (reason, lost) = watch::channel(None);
        let seen = Arc::new(OnceLock::new());
        let client = Client { trust: plan.trust, seen: Arc::clone(&seen), reason, refused: 0 };
        let watch = Progress::new(plan.keepalive.patience());
        let transport = Through { stream: transport, watch };
        let greeting = client::connect_stream(Arc::new(config), transport, client);
        let mut handle = within(plan.timeout, plan.name, "the SSH handshake", greeting)
            .await?
            .map_err(|error| error.into_host_error(plan.name))?;
        let login = log_in(&mut handle, plan.name, plan.user, plan.auth);
        within(plan.timeout, plan.name, "the login", login).await??;
        let key = seen.get().cloned().ok_or_else(|| HostError::Protocol {
            host: plan.name.to_owned(),
            reason: "the server proved no host key".to_owned(),
        })?;
        Ok(Self {
            name: plan.name.to_owned(),
            key,
            login: plan.login,
            slots: Arc::new(Semaphore::new(COMMANDS_AT_ONCE)),
            handle,
            patience: plan.timeout,
            lost: Lost(lost),
            given_up: OnceLock::new(),
        })
    }

    /// Why the connection is gone, if it is.
    pub fn lost_reason(&self) -> Option<String> {
        self.lost
            .reason()
            .or_else(|| self.given_up.get().cloned())
            .or_else(|| self.handle.is_closed().then(|| "the connection is closed".to_owned()))
    }

    /// Nothing new is begun on it, as if it were lost; what runs on it may still end.
    pub fn give_up(&self, reason: &str) {
        self.given_up.get_or_init(|| reason.to_owned());
    }

    /// A handle on its end.
    pub fn lost(&self) -> Lost {
        self.lost.clone()
    }

    /// Runs `work`, but no longer than `limit`.
    pub async fn within<T>(
        &self,
        limit: Duration,
        doing: &str,
        work: impl Future<Output = Result<T, HostError>>,
    ) -> Result<T, HostError> {
        let late =
            |_| HostError::Timeout { host: self.name.clone(), doing: doing.to_owned(), limit };
        tokio::time::timeout(limit, work).await.map_err(late)?
    }

    /// The error for something that its end interrupted.
    pub fn lost_error(&self, doing: &str, reason: impl Display) -> HostError {
        HostError::Lost {
            host: self.name.clone(),
            doing: doing.to_owned(),
            reason: reason.to_string(),
        }
    }
}

async fn within<T>(
    limit: Duration,
    host: &str,
    what: &str,
    work: impl Future<Output = T>,
) -> Result<T, HostError> {
    tokio::time::timeout(limit, work).await.map_err(|_| HostError::Unreachable {
        host: host.to_owned(),
        reason: format!("{what} did not end within {limit:?}"),
    })
}
