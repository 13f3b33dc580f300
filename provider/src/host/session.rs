//! One SSH connection: made, verified, logged in, and known to be lost when it is.

use std::fmt::Display;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use russh::client::{self, DisconnectReason, Handle, Handler};
use russh::keys::PublicKeyOrCertificate;
use tokio::sync::{Mutex, Semaphore, watch};

use super::auth::log_in;
use super::error::HostError;
use super::known_hosts::KeyBlob;
use super::root::Login;
use super::settings::{Auth, Keepalive};
use super::shell::Shell;
use super::socket::{Carrier, Watched};
use super::trust::Trust;

/// Commands that run at one time on a connection. sshd's default `MaxSessions` is 10; the shell,
/// the lock, waiting jobs and database proxies have channels of their own.
const COMMANDS_AT_ONCE: usize = 4;

/// Everything needed to make a connection.
pub(super) struct Plan<'a> {
    pub name: &'a str,
    pub user: &'a str,
    pub auth: &'a [Auth],
    pub trust: Trust,
    pub timeout: Duration,
    pub keepalive: Keepalive,
    pub login: Login,
}

/// A connection that is logged in.
pub(super) struct Session {
    pub name: String,
    pub key: KeyBlob,
    pub login: Login,
    pub slots: Arc<Semaphore>,
    pub shell: Mutex<Option<Shell>>,
    pub handle: Handle<Client>,
    lost: Lost,
}

/// Tells everybody who waits that the connection is gone, and why.
#[derive(Clone)]
pub(super) struct Lost(watch::Receiver<Option<String>>);

impl Lost {
    /// Why it is gone, if it is.
    pub fn reason(&self) -> Option<String> {
        let said = self.0.borrow().clone();
        said.or_else(|| self.0.has_changed().err().map(|_| "the connection is closed".to_owned()))
    }

    /// Waits until it is gone.
    pub async fn wait(&self) -> String {
        let mut receiver = self.0.clone();
        match receiver.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            Err(_) => "the connection is closed".to_owned(),
        }
    }

    /// Runs `work`, but no longer than the connection lives: the SSH crate leaves a writer
    /// waiting for ever when the connection dies.
    pub async fn race<T>(&self, work: impl Future<Output = T>) -> Result<T, String> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            reason = self.wait() => Err(reason),
        }
    }
}

impl Session {
    /// Makes a connection over `carrier`.
    pub async fn connect(
        carrier: impl Carrier + 'static,
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
        let client = Client { trust: plan.trust, seen: Arc::clone(&seen), reason };
        let carrier = Watched::new(carrier, plan.keepalive.patience());
        let greeting = client::connect_stream(Arc::new(config), carrier, client);
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
            shell: Mutex::new(None),
            handle,
            lost: Lost(lost),
        })
    }

    /// Why the connection is gone, if it is.
    pub fn lost_reason(&self) -> Option<String> {
        self.lost
            .reason()
            .or_else(|| self.handle.is_closed().then(|| "the connection is closed".to_owned()))
    }

    /// A handle on its end.
    pub fn lost(&self) -> Lost {
        self.lost.clone()
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

/// What the SSH crate calls back.
pub(super) struct Client {
    trust: Trust,
    seen: Arc<OnceLock<KeyBlob>>,
    reason: watch::Sender<Option<String>>,
}

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum ClientError {
    Ssh(russh::Error),
    Trust(HostError),
}

impl From<russh::Error> for ClientError {
    fn from(error: russh::Error) -> Self {
        Self::Ssh(error)
    }
}

impl ClientError {
    fn into_host_error(self, host: &str) -> HostError {
        use russh::Error as E;
        let host = host.to_owned();
        match self {
            Self::Trust(error) => error,
            Self::Ssh(error @ (E::IO(_) | E::HUP | E::Disconnect | E::ConnectionTimeout)) => {
                let reason = format!("the SSH handshake broke off: {error}");
                HostError::Unreachable { host, reason }
            }
            Self::Ssh(error) => HostError::Protocol { host, reason: error.to_string() },
        }
    }
}

impl Display for ClientError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ssh(error) => error.fmt(f),
            Self::Trust(error) => error.fmt(f),
        }
    }
}

impl Handler for Client {
    type Error = ClientError;

    async fn check_server_key(
        &mut self,
        presented: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let key = self.trust.check(presented).map_err(ClientError::Trust)?;
        // Also called when keys are exchanged anew: then it must be the same one.
        Ok(*self.seen.get_or_init(|| key.clone()) == key)
    }

    async fn disconnected(
        &mut self,
        reason: DisconnectReason<Self::Error>,
    ) -> Result<(), Self::Error> {
        match reason {
            DisconnectReason::ReceivedDisconnect(said) => {
                let reason = format!("the server disconnected: {}", said.message);
                self.reason.send_replace(Some(reason));
                Ok(())
            }
            DisconnectReason::Error(error) => {
                self.reason.send_replace(Some(format!("the connection was lost: {error}")));
                Err(error)
            }
        }
    }
}

impl Drop for Client {
    /// The crate does not call `disconnected` on every path.
    fn drop(&mut self) {
        self.reason.send_if_modified(|reason| {
            let silent = reason.is_none();
            reason.get_or_insert_with(|| "the connection was lost".to_owned());
            silent
        });
    }
}
