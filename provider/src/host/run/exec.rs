//! Commands with effects: a channel each, as root, with the script and its input on standard
//! input, and an end that the host itself enforces.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::Instant;

use crate::host::channel::frame::{closing, nonce, opening};
use crate::host::channel::{Channel, Input};
use crate::host::connect::session::Session;
use crate::host::connection::Host;
use crate::host::error::HostError;
use crate::host::run::collect::{Collector, End};
use crate::host::run::output::{OUTPUT_LIMIT, Output};
use crate::host::run::sudo::start;
use crate::host::script::{PREAMBLE, check_script};
use crate::secret::Secret;

/// Time that the host gets to report the end that it enforced.
const GRACE: Duration = Duration::from_secs(30);

/// How often a connection that has to be made anew, also through a bastion, may take the time for one
/// of its parts.
const CONNECTING: u32 = 8;

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
    pub(in crate::host) async fn run_as(
        &self,
        doing: &str,
        script: &str,
        stdin: impl AsyncRead + Unpin,
        limit: Duration,
    ) -> Result<Output, HostError> {
        check_script(self.name(), doing, script)?;
        let word = nonce();
        let program = wrapper(&word, script.len(), limit);
        let opened = self.begin(doing, limit).await?;
        let (session, mut channel) = start(opened, doing, &program, &word).await?;
        let started = Instant::now();
        let feed = feed(channel.input.clone(), script, stdin);
        let ended = tokio::time::timeout(limit.saturating_add(GRACE), async {
            let mut collected = Collector::new(&word);
            tokio::pin!(feed);
            let mut feeding = true;
            loop {
                tokio::select! {
                    _ = &mut feed, if feeding => feeding = false,
                    event = channel.next() => {
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

impl Host {
    /// A channel to begin on. Who comes after others waits for them as long as his own work may take, and
    /// no longer: what they do may take hours.
    async fn begin(
        &self,
        doing: &str,
        limit: Duration,
    ) -> Result<(Arc<Session>, Channel), HostError> {
        let limit = limit.max(self.connect_timeout().saturating_mul(CONNECTING));
        let late = |_| HostError::Refused {
            host: self.name().to_owned(),
            doing: doing.to_owned(),
            reason: format!("nothing could be begun within {limit:?}, as other commands still run"),
        };
        tokio::time::timeout(limit, self.command_channel(doing)).await.map_err(late)?
    }
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
