//! One channel. Whatever the server sends is taken at once by a task, because one channel that
//! nobody reads stops the whole connection.

pub(super) mod frame;
pub(super) mod stream;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use russh::client::Msg;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::host::connect::lost::Lost;
use crate::host::connect::session::Session;
use crate::host::error::HostError;

/// Bytes that may wait for a slow reader before its channel is closed.
const BACKLOG: usize = 16 << 20;

/// What an event takes beside its data: a server may send many small ones, or such without data.
const EVENT: usize = 128;

/// How long to ask again for a channel that was refused. sshd frees the slot of a command some
/// time after it said that the command ended.
const REFUSED_FOR: Duration = Duration::from_secs(10);

/// How long the server may take to close a channel whose command has ended.
const ENDING: Duration = Duration::from_millis(500);

/// What comes from the other side.
#[derive(Debug)]
pub(super) enum Event {
    /// Standard output, or the data of a forwarded connection.
    Out(Bytes),
    /// Standard error.
    Err(Bytes),
    /// The command's exit status (128 + n for a signal that ended it, as shells say it).
    Status(i32),
    /// No more data, said by the other side.
    Eof,
    /// The end; `true` when the other side said so, `false` when the connection was lost.
    End(bool),
    /// Closed by us, because nobody took the data.
    Flood,
}

/// A channel with its events.
pub(super) struct Channel {
    pub input: Input,
    events: mpsc::UnboundedReceiver<Event>,
    backlog: Arc<AtomicUsize>,
}

/// The way in.
#[derive(Clone)]
pub(super) struct Input {
    write: Arc<ChannelWriteHalf<Msg>>,
    lost: Lost,
}

impl Channel {
    /// Opens a channel for a command. A `permit` is given back when the channel has closed.
    pub async fn session(
        session: &Session,
        doing: &str,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<Self, HostError> {
        let deadline = tokio::time::Instant::now() + REFUSED_FOR;
        let mut pause = Duration::from_millis(5);
        loop {
            match answer(session, doing, session.handle.channel_open_session()).await? {
                Ok(channel) => return Ok(Self::new(channel, session.lost(), permit)),
                Err(reason) if tokio::time::Instant::now() > deadline => {
                    return Err(refused(session, doing, reason));
                }
                Err(_) => {}
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    /// Opens a connection from the host to `host:port`.
    pub async fn tcp(session: &Session, host: &str, port: u16) -> Result<Self, HostError> {
        let open = session.handle.channel_open_direct_tcpip(host, u32::from(port), "127.0.0.1", 0);
        Self::forward(session, &format!("connect to {host}:{port}"), open).await
    }

    /// Opens a connection from the host's login user to a Unix socket there.
    pub async fn unix(session: &Session, path: &str) -> Result<Self, HostError> {
        let open = session.handle.channel_open_direct_streamlocal(path);
        Self::forward(session, &format!("connect to {path}"), open).await
    }

    async fn forward(
        session: &Session,
        doing: &str,
        open: impl Future<Output = Result<russh::Channel<Msg>, russh::Error>>,
    ) -> Result<Self, HostError> {
        match answer(session, doing, open).await? {
            Ok(channel) => Ok(Self::new(channel, session.lost(), None)),
            Err(reason) => Err(refused(session, doing, reason)),
        }
    }

    fn new(channel: russh::Channel<Msg>, lost: Lost, permit: Option<OwnedSemaphorePermit>) -> Self {
        let (read, write) = channel.split();
        let write = Arc::new(write);
        let (sender, events) = mpsc::unbounded_channel();
        let backlog = Arc::new(AtomicUsize::new(0));
        let drain = Drain {
            read,
            write: Arc::clone(&write),
            lost: lost.clone(),
            sender,
            backlog: Arc::clone(&backlog),
        };
        tokio::spawn(async move {
            drain.run().await;
            drop(permit);
        });
        Self { input: Input { write, lost }, events, backlog }
    }

    /// The next event; after the end, the end again.
    pub async fn next(&mut self) -> Event {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// As [`Channel::next`], for streams.
    pub fn poll_next(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Event> {
        self.events.poll_recv(cx).map(|event| {
            let event = event.unwrap_or(Event::End(self.input.lost.reason().is_none()));
            // The end is told again and again, and was counted at most once.
            if !matches!(event, Event::End(_) | Event::Flood) {
                self.backlog.fetch_sub(event.size(), Ordering::Relaxed);
            }
            event
        })
    }

    /// Why the connection is gone, or that only this channel is.
    pub fn end_reason(&self) -> String {
        self.input.lost.reason().unwrap_or_else(|| "the server closed the channel".to_owned())
    }
}

/// The server's answer to a request for a channel, or why it refused. sshd answers at once: a
/// connection on which it does not is as good as lost.
async fn answer(
    session: &Session,
    doing: &str,
    open: impl Future<Output = Result<russh::Channel<Msg>, russh::Error>>,
) -> Result<Result<russh::Channel<Msg>, String>, HostError> {
    let limit = session.patience;
    let Ok(opened) = tokio::time::timeout(limit, session.lost().race(open)).await else {
        let reason = format!("the server opened no channel within {limit:?}");
        session.give_up(&reason);
        return Err(session.lost_error(doing, reason));
    };
    match opened.map_err(|reason| session.lost_error(doing, reason))? {
        Ok(channel) => Ok(Ok(channel)),
        Err(russh::Error::ChannelOpenFailure(failure)) => Ok(Err(format!("{failure:?}"))),
        Err(error) => Err(session.lost_error(doing, error)),
    }
}

fn refused(session: &Session, doing: &str, reason: String) -> HostError {
    HostError::Refused { host: session.name.clone(), doing: doing.to_owned(), reason }
}

impl Event {
    /// Bytes that it takes while it waits.
    fn size(&self) -> usize {
        let data = if let Self::Out(data) | Self::Err(data) = self { data.len() } else { 0 };
        data.saturating_add(EVENT)
    }
}

impl Input {
    /// Starts a command. The request and what is written next travel without waiting.
    pub async fn exec(&self, command: &str) -> Result<(), String> {
        let sent = self.lost.race(self.write.exec(true, command)).await?;
        sent.map_err(|error| error.to_string())
    }

    /// Writes as fast as the other side reads.
    pub async fn write(&self, data: impl Into<Bytes>) -> Result<(), String> {
        let sent = self.lost.race(self.write.data_bytes(data)).await?;
        sent.map_err(|error| error.to_string())
    }

    /// Says that nothing more comes.
    pub async fn eof(&self) -> Result<(), String> {
        let sent = self.lost.race(self.write.eof()).await?;
        sent.map_err(|error| error.to_string())
    }
}

struct Drain {
    read: ChannelReadHalf,
    write: Arc<ChannelWriteHalf<Msg>>,
    lost: Lost,
    sender: mpsc::UnboundedSender<Event>,
    backlog: Arc<AtomicUsize>,
}

impl Drain {
    async fn run(mut self) {
        loop {
            let message = tokio::select! {
                message = self.read.wait() => message,
                () = self.sender.closed() => return self.part().await,
            };
            let Some(message) = message else {
                let _ = self.sender.send(Event::End(false));
                return;
            };
            let Some(event) = translate(message) else { continue };
            if self.full(&event) {
                let _ = self.sender.send(Event::Flood);
                return self.close().await;
            }
            let end = matches!(event, Event::End(_));
            let _ = self.sender.send(event);
            if end {
                return;
            }
        }
    }

    fn full(&self, event: &Event) -> bool {
        let size = event.size();
        self.backlog.fetch_add(size, Ordering::Relaxed).saturating_add(size) > BACKLOG
    }

    /// Nobody listens any more. A command that has just ended is closed by the server.
    async fn part(&mut self) {
        let ends = async {
            while let Some(message) = self.read.wait().await {
                if let ChannelMsg::Close = message {
                    return;
                }
            }
        };
        if tokio::time::timeout(ENDING, ends).await.is_err() {
            self.close().await;
        }
    }

    /// Closes it from our side, still taking what comes, as the SSH crate may be waiting for
    /// that. It does not tell when the server has answered, so this is the end for us.
    async fn close(&mut self) {
        let close = tokio::time::timeout(ENDING, self.lost.race(self.write.close()));
        tokio::pin!(close);
        loop {
            tokio::select! {
                _ = &mut close => return,
                message = self.read.wait() => if message.is_none() { return },
            }
        }
    }
}

fn translate(message: ChannelMsg) -> Option<Event> {
    Some(match message {
        ChannelMsg::Data { data } => Event::Out(data),
        ChannelMsg::ExtendedData { data, ext: 1 } => Event::Err(data),
        ChannelMsg::ExitStatus { exit_status } => {
            Event::Status(i32::try_from(exit_status).unwrap_or(255))
        }
        ChannelMsg::ExitSignal { .. } => Event::Status(128),
        ChannelMsg::Failure => Event::Status(127),
        ChannelMsg::Eof => Event::Eof,
        ChannelMsg::Close => Event::End(true),
        _ => return None,
    })
}
