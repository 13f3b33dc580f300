//! Commands with effects: a channel each, as root, with the script and its input on standard
//! input, and an end that the host itself enforces.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::Instant;

use super::Host;
use super::command::check_script;
use super::error::HostError;
use super::frame::{Frame, closing, nonce, opening};
use super::output::{OUTPUT_LIMIT, Output};
use super::root::{Login, Reads};
use super::session::Session;
use super::shell::PREAMBLE;
use super::wire::{Event, Input, Wire};
use crate::secret::Secret;

/// Time that the host gets to report the end that it enforced.
const GRACE: Duration = Duration::from_secs(30);

/// Bytes per write of a long input.
const PIECE: usize = 32 << 10;

impl Host {
    /// Runs a script with effects as root, in a channel of its own, with `stdin` as its standard
    /// input, and waits for its end. Neither is in any process's arguments or environment.
    ///
    /// The host ends it after `limit` ([`HostError::Timeout`]). [`HostError::Lost`] means that it
    /// may or may not have run; it is never run again by itself.
    pub async fn run(
        &self,
        script: &str,
        stdin: Option<&Secret>,
        limit: Duration,
    ) -> Result<Output, HostError> {
        let stdin = stdin.map(|text| text.expose().as_bytes()).unwrap_or_default();
        self.run_as("run a script", script, stdin, limit).await
    }

    /// As [`Host::run`], with words for messages and any source of input.
    pub(super) async fn run_as(
        &self,
        doing: &str,
        script: &str,
        stdin: impl AsyncRead + Unpin,
        limit: Duration,
    ) -> Result<Output, HostError> {
        check_script(self.name(), doing, script)?;
        let word = nonce();
        let program = wrapper(&word, script.len(), limit);
        let opened = self.command_channel(doing).await?;
        let (session, mut wire) = start(opened, doing, &program, &word).await?;
        let started = Instant::now();
        let feed = feed(wire.input.clone(), script, stdin);
        let ended = tokio::time::timeout(limit + GRACE, async {
            let mut collected = Collector::new(&word);
            tokio::pin!(feed);
            let mut feeding = true;
            loop {
                tokio::select! {
                    _ = &mut feed, if feeding => feeding = false,
                    event = wire.next() => {
                        if let Some(end) = collected.take(event) {
                            return (collected, end);
                        }
                    }
                }
            }
        })
        .await;
        let timed_out =
            || HostError::Timeout { host: self.name().to_owned(), doing: doing.to_owned(), limit };
        let (collected, end) = ended.map_err(|_| timed_out())?;
        match end {
            End::Done(124 | 137) if started.elapsed() >= limit => Err(timed_out()),
            End::Done(status) => Ok(Output::new(collected.frame, status)),
            End::TooLong => Err(HostError::TooLong {
                host: self.name().to_owned(),
                doing: doing.to_owned(),
                limit: OUTPUT_LIMIT,
            }),
            End::Ended => Err(collected.broken(&session, &session.login, doing)),
        }
    }
}

/// Starts a root shell on `program`, whose text goes ahead on standard input. What is written
/// next is the program's standard input.
pub(super) async fn start(
    (session, mut wire): (Arc<Session>, Wire),
    doing: &str,
    program: &str,
    word: &str,
) -> Result<(Arc<Session>, Wire), HostError> {
    let lost = |reason| session.lost_error(doing, reason);
    let command = session.login.command(Reads::Program(program.len()), word);
    wire.input.exec(&command).await.map_err(lost)?;
    session.login.rise(&mut wire, word, &session.name).await?;
    wire.input.write(program.to_owned()).await.map_err(lost)?;
    Ok((session, wire))
}

/// The program around a script: reads `size` bytes of script from standard input and leaves the
/// rest to it. A script that arrives cut short does not run.
fn wrapper(word: &str, size: usize, limit: Duration) -> String {
    let seconds = limit.as_secs_f64().max(0.001);
    format!(
        "{PREAMBLE}{}bw_script=$(head -c {size}; printf x)\n\
         [ ${{#bw_script}} -eq {} ] || exit 1\n\
         exec 4<&0\n\
         printf '%s' \"${{bw_script%x}}\" | {{ exec 3<&0 <&4 4<&-; \
         exec timeout -k 10 {seconds:.3} /bin/sh /dev/fd/3; }}\n\
         bw_rc=$?\n{}",
        opening(word),
        size + 1,
        closing(word)
    )
}

async fn feed(input: Input, script: &str, mut stdin: impl AsyncRead + Unpin) -> Result<(), String> {
    input.write(script.to_owned()).await?;
    let mut piece = BytesMut::with_capacity(PIECE);
    while stdin.read_buf(&mut piece).await.map_err(|error| error.to_string())? > 0 {
        input.write(piece.split().freeze()).await?;
        piece.reserve(PIECE);
    }
    input.eof().await
}

/// Takes the events of a framed command.
pub(super) struct Collector {
    pub frame: Frame,
    out: BytesMut,
    err: BytesMut,
    said_end: bool,
}

/// How it ended.
pub(super) enum End {
    /// With this status.
    Done(i32),
    /// With too much output.
    TooLong,
    /// Without its frame being complete.
    Ended,
}

impl Collector {
    pub fn new(word: &str) -> Self {
        Self {
            frame: Frame::new(word, OUTPUT_LIMIT),
            out: BytesMut::new(),
            err: BytesMut::new(),
            said_end: false,
        }
    }

    /// Takes one event; tells the end.
    pub fn take(&mut self, event: Event) -> Option<End> {
        match event {
            Event::Out(data) => self.out.extend_from_slice(&data),
            Event::Err(data) => self.err.extend_from_slice(&data),
            Event::Status(_) => self.said_end = true,
            Event::Eof => {}
            Event::Flood => return Some(End::TooLong),
            Event::End(_) => {
                self.frame.out.finish(&mut self.out);
                self.frame.err.finish(&mut self.err);
                return Some(End::Ended);
            }
        }
        let taken = self.frame.out.take(&mut self.out);
        if taken.and(self.frame.err.take(&mut self.err)).is_err() {
            return Some(End::TooLong);
        }
        self.frame.status().map(End::Done)
    }

    /// The error for an end without a complete frame.
    pub fn broken(&self, session: &Session, login: &Login, doing: &str) -> HostError {
        match session.lost_reason() {
            Some(reason) => session.lost_error(doing, reason),
            None if self.frame.begun() => {
                session.lost_error(doing, "its shell was ended from outside")
            }
            None if self.said_end => login.explain(&session.name, &self.frame.noise()),
            None => session.lost_error(doing, "the server closed the channel"),
        }
    }
}
