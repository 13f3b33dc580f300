//! What the SSH crate calls back: a key to judge, and the end of the connection.

use std::fmt::Display;
use std::sync::{Arc, OnceLock};

use russh::client::{ChannelOpenHandle, DisconnectReason, Handler, Msg, Session};
use russh::keys::PublicKeyOrCertificate;
use russh::{Channel, ChannelOpenFailure};
use tokio::sync::watch;

use crate::host::connect::key::KeyBlob;
use crate::host::connect::trust::Trust;
use crate::host::error::HostError;

/// Channels of a server's that are refused before its connection is ended.
const REFUSALS: u32 = 100;

/// What the SSH crate calls back.
pub(in crate::host) struct Client {
    pub(super) trust: Trust,
    /// The key that was proven.
    pub(super) seen: Arc<OnceLock<KeyBlob>>,
    /// Why the connection ended.
    pub(super) reason: watch::Sender<Option<String>>,
    /// Channels that the server wanted to open.
    pub(super) refused: u32,
}

/// Why a connection ended.
#[derive(Debug)]
pub(in crate::host) enum ClientError {
    Ssh(russh::Error),
    Trust(HostError),
    /// The server opens channels to us.
    Intrusive,
}

impl From<russh::Error> for ClientError {
    fn from(error: russh::Error) -> Self {
        Self::Ssh(error)
    }
}

impl ClientError {
    pub(super) fn into_host_error(self, host: &str) -> HostError {
        use russh::Error as E;
        let host = host.to_owned();
        match self {
            Self::Trust(error) => error,
            Self::Ssh(error @ (E::IO(_) | E::HUP | E::Disconnect | E::ConnectionTimeout)) => {
                let reason = format!("the SSH handshake broke off: {error}");
                HostError::Unreachable { host, reason }
            }
            error => HostError::Protocol { host, reason: error.to_string() },
        }
    }
}

impl Display for ClientError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ssh(error) => error.fmt(f),
            Self::Trust(error) => error.fmt(f),
            Self::Intrusive => f.write_str("the server opened channels that nobody asked for"),
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

    // Nothing is forwarded to us, so no server has a reason to open a channel.

    async fn server_channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.refuse(reply).await
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.refuse(reply).await
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.refuse(reply).await
    }

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.refuse(reply).await
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.refuse(reply).await
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.refuse(reply).await
    }

    async fn server_channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.refuse(reply).await
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

impl Client {
    /// Refuses a channel; a server that goes on asking for them is left.
    async fn refuse(&mut self, reply: ChannelOpenHandle) -> Result<(), ClientError> {
        reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
        self.refused = self.refused.saturating_add(1);
        if self.refused > REFUSALS { Err(ClientError::Intrusive) } else { Ok(()) }
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
