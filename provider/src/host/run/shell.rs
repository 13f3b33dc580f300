//! The one root shell of a connection, for questions: started once, asked in one round trip.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::host::channel::frame::{Frame, Overflow, framed, nonce};
use crate::host::channel::{Channel, Event, Input};
use crate::host::connect::session::Session;
use crate::host::error::HostError;
use crate::host::run::output::{OUTPUT_LIMIT, Output};
use crate::host::run::sudo::launch;
use crate::host::script::PREAMBLE;
use crate::host::settings::Login;

const DOING: &str = "read its state";

/// Bytes that may come while nothing is asked: what a question left running prints.
const UNASKED: usize = 64 << 10;

/// A handle on the shell; the shell ends with its last handle.
#[derive(Clone)]
pub(in crate::host) struct Shell(mpsc::UnboundedSender<Question>);

struct Question {
    script: String,
    limit: Duration,
    reply: oneshot::Sender<Result<Output, Failure>>,
}

/// A question without an answer.
pub(in crate::host) struct Failure {
    pub error: HostError,
    /// Whether the shell had begun with it.
    pub begun: bool,
    /// The shell whose children may still run.
    pub leftover: Option<u32>,
}

impl Shell {
    /// Opens a channel and starts the shell, without waiting for it.
    pub async fn start(session: &Session) -> Result<Self, HostError> {
        let mut channel = Channel::session(session, DOING, None).await?;
        launch(session, &mut channel, DOING, None, &nonce()).await?;
        let (sender, questions) = mpsc::unbounded_channel();
        let (lines, to_write) = mpsc::unbounded_channel();
        let input = channel.input.clone();
        tokio::spawn(write_lines(input, to_write));
        let actor = Actor {
            channel,
            host: session.name.clone(),
            login: session.login.clone(),
            lines,
            queue: VecDeque::new(),
            out: BytesMut::new(),
            err: BytesMut::new(),
            pid: None,
            status: None,
        };
        let _ = actor.lines.send(format!("{PREAMBLE}printf 'bw-pid-%d\\n' $$\n").into());
        tokio::spawn(actor.run(questions));
        Ok(Self(sender))
    }

    /// Whether it can still be asked.
    pub fn is_alive(&self) -> bool {
        !self.0.is_closed()
    }

    /// Asks. `limit` counts from when the shell has answered those before.
    pub async fn ask(&self, script: &str, limit: Duration) -> Result<Output, Failure> {
        let (reply, answer) = oneshot::channel();
        let question = Question { script: script.to_owned(), limit, reply };
        let sent = self.0.send(question).is_ok();
        match answer.await {
            Ok(answer) if sent => answer,
            _ => Err(Failure {
                error: HostError::Lost {
                    host: String::new(),
                    doing: DOING.to_owned(),
                    reason: "the shell had ended".to_owned(),
                },
                begun: false,
                leftover: None,
            }),
        }
    }
}

/// Shell text that kills the shell `pid` with all that it started. (dash knows no `kill -KILL --`.)
pub(in crate::host) fn kill_group(pid: u32) -> String {
    format!(
        "set -- $(cat /proc/{pid}/stat 2>/dev/null); [ -n \"$5\" ] && kill -s KILL -- \"-$5\"; exit 0"
    )
}

async fn write_lines(input: Input, mut lines: mpsc::UnboundedReceiver<Bytes>) {
    while let Some(line) = lines.recv().await {
        if input.write(line).await.is_err() {
            return;
        }
    }
}

struct PendingQuestion {
    frame: Frame,
    limit: Duration,
    deadline: Instant,
    reply: oneshot::Sender<Result<Output, Failure>>,
}

struct Actor {
    channel: Channel,
    host: String,
    login: Login,
    lines: mpsc::UnboundedSender<Bytes>,
    queue: VecDeque<PendingQuestion>,
    out: BytesMut,
    err: BytesMut,
    pid: Option<u32>,
    status: Option<i32>,
}

impl Actor {
    async fn run(mut self, mut questions: mpsc::UnboundedReceiver<Question>) {
        loop {
            let deadline = self.queue.front().map_or_else(far_future, |asked| asked.deadline);
            tokio::select! {
                question = questions.recv() => match question {
                    Some(question) => self.submit(question),
                    None => return,
                },
                event = self.channel.next() => match event {
                    Event::Out(data) => self.out.extend_from_slice(&data),
                    Event::Err(data) => self.err.extend_from_slice(&data),
                    Event::Status(status) => self.status = Some(status),
                    Event::Eof => {}
                    Event::Flood => return self.fail_head(|host, _| too_long(host)),
                    Event::End(_) => return self.fail_ended(),
                },
                () = tokio::time::sleep_until(deadline) => {
                    return self.fail_head(|host, limit| HostError::Timeout {
                        host, doing: DOING.to_owned(), limit,
                    });
                }
            }
            if self.deliver().is_err() {
                return self.fail_head(|host, _| too_long(host));
            }
        }
    }

    fn submit(&mut self, question: Question) {
        let word = nonce();
        // A subshell, so that `exit`, `cd` and `set -e` end with the question; `eval`, so that the
        // text is in no process's arguments.
        let quoted = question.script.replace('\'', r"'\''");
        let text = framed(&word, &format!("( eval '{quoted}'\n) </dev/null"));
        let _ = self.lines.send(text.into());
        self.queue.push_back(PendingQuestion {
            frame: Frame::new(&word, OUTPUT_LIMIT),
            limit: question.limit,
            deadline: after(question.limit),
            reply: question.reply,
        });
    }

    /// Hands out every answer that is complete.
    fn deliver(&mut self) -> Result<(), Overflow> {
        while let Some(asked) = self.queue.front_mut() {
            asked.frame.out.take(&mut self.out)?;
            asked.frame.err.take(&mut self.err)?;
            if self.pid.is_none() && asked.frame.begun() {
                self.pid = find_pid(&asked.frame.out.noise);
            }
            let Some(status) = asked.frame.status() else { return Ok(()) };
            if let Some(asked) = self.queue.pop_front() {
                let _ = asked.reply.send(Ok(Output::new(asked.frame, status)));
            }
            if let Some(next) = self.queue.front_mut() {
                next.deadline = after(next.limit);
            }
        }
        if self.out.len().max(self.err.len()) > UNASKED { Err(Overflow) } else { Ok(()) }
    }

    /// The shell is of no use any more because of its present question.
    fn fail_head(mut self, error: impl FnOnce(String, Duration) -> HostError) {
        if let Some(asked) = self.queue.pop_front() {
            let error = error(self.host.clone(), asked.limit);
            let leftover = self.pid;
            let _ = asked.reply.send(Err(Failure { error, begun: true, leftover }));
        }
        self.fail_rest("the shell was closed because of the question before");
    }

    fn fail_ended(mut self) {
        let lost = self.channel.end_reason();
        if let Some(mut asked) = self.queue.pop_front() {
            asked.frame.out.finish(&mut self.out);
            asked.frame.err.finish(&mut self.err);
            let begun = asked.frame.begun();
            let clean = self.status.is_some();
            let error = if !begun && clean && self.pid.is_none() {
                self.login.explain(&self.host, &asked.frame.noise())
            } else {
                let reason = match self.status {
                    Some(status) => format!("its shell ended with status {status}"),
                    None => lost.clone(),
                };
                HostError::Lost { host: self.host.clone(), doing: DOING.to_owned(), reason }
            };
            let _ = asked.reply.send(Err(Failure { error, begun, leftover: None }));
        }
        self.fail_rest(&lost);
    }

    fn fail_rest(&mut self, reason: &str) {
        for asked in self.queue.drain(..) {
            let (host, reason) = (self.host.clone(), reason.to_owned());
            let error = HostError::Lost { host, doing: DOING.to_owned(), reason };
            let _ = asked.reply.send(Err(Failure { error, begun: false, leftover: None }));
        }
    }
}

fn too_long(host: String) -> HostError {
    HostError::TooLong { host, doing: DOING.to_owned(), limit: OUTPUT_LIMIT }
}

pub(in crate::host) fn find_pid(noise: &[u8]) -> Option<u32> {
    let text = String::from_utf8_lossy(noise);
    text.lines().rev().find_map(|line| line.split("bw-pid-").nth(1)?.parse().ok())
}

/// For a shell that nobody asked anything.
fn far_future() -> Instant {
    after(Duration::MAX)
}

/// At most a day from now.
fn after(limit: Duration) -> Instant {
    Instant::now() + limit.min(Duration::from_secs(86400))
}
