//! How a login becomes root, and how the text that it runs gets there.

use std::sync::Arc;

use crate::host::channel::{Channel, Event};
use crate::host::connect::session::Session;
use crate::host::error::HostError;
use crate::host::settings::Login;

/// Bytes that sudo may say.
const SAID: usize = 64 << 10;

/// What the root shell reads its program from.
#[derive(Clone, Copy, Debug)]
enum ProgramSource {
    /// Standard input, as it comes.
    Lines,
    /// The first so many bytes of standard input; the rest is left for the program.
    Program(usize),
}

impl Login {
    /// The command for sshd. It holds no script and no secret, and every login shell reads it
    /// alike.
    fn command(&self, reads: ProgramSource, nonce: &str) -> String {
        let shell = match reads {
            ProgramSource::Lines => "exec /bin/sh".to_owned(),
            ProgramSource::Program(size) => format!("eval \"$(head -c {size})\""),
        };
        match (self.root, &self.sudo_password) {
            (true, _) => format!("exec /bin/sh -c '{shell}'"),
            (false, None) => format!("exec sudo -H -n /bin/sh -c '{shell}'"),
            (false, Some(_)) => format!(
                "exec sudo -H -S -p 'bw-ask-{nonce}' /bin/sh -c 'echo bw-up-{nonce}; {shell}'"
            ),
        }
    }

    /// Answers sudo's prompt, once, and only when it is seen: written blindly, the password would
    /// become the program's input where sudo asks for none.
    async fn rise(&self, channel: &mut Channel, nonce: &str, host: &str) -> Result<(), HostError> {
        let (false, Some(password)) = (self.root, &self.sudo_password) else { return Ok(()) };
        let (prompt, up) = (format!("bw-ask-{nonce}"), format!("bw-up-{nonce}\n"));
        let (mut out, mut err) = (String::new(), String::new());
        let mut answered = false;
        loop {
            if out.len().max(err.len()) > SAID {
                let (host, doing) = (host.to_owned(), RISING.to_owned());
                return Err(HostError::TooLong { host, doing, limit: SAID });
            }
            match channel.next().await {
                Event::Out(data) => {
                    out.push_str(&String::from_utf8_lossy(&data));
                    if out.ends_with(&up) {
                        return Ok(());
                    }
                }
                Event::Err(data) => {
                    err.push_str(&String::from_utf8_lossy(&data));
                    let asked = err.matches(&prompt).count();
                    if asked > 1 {
                        return Err(HostError::SudoPassword { host: host.to_owned() });
                    }
                    if asked == 1 && !answered {
                        answered = true;
                        let line = format!("{}\n", password.expose()).into_bytes();
                        let sent = channel.input.write(line).await;
                        sent.map_err(|reason| lost(host, reason))?;
                    }
                }
                Event::End(false) => return Err(lost(host, channel.end_reason())),
                Event::End(true) | Event::Flood => {
                    let said = err.replace(&prompt, "");
                    return Err(self.explain(host, &format!("{} {}", out.trim(), said.trim())));
                }
                Event::Status(_) | Event::Eof => {}
            }
        }
    }

    /// The error for a shell that ended before it began, from what it said.
    pub fn explain(&self, host: &str, said: &str) -> HostError {
        let said = said.trim();
        let said = if said.is_empty() { "it ended without a word" } else { said };
        let (host, said) = (host.to_owned(), said.to_owned());
        if !self.root && said.contains("sudo") {
            HostError::NoSudo { host, said }
        } else {
            HostError::NoShell { host, said }
        }
    }
}

/// Starts a root shell on `program`, whose text goes ahead on standard input. What is written
/// next is the program's standard input.
pub(in crate::host) async fn start(
    (session, mut channel): (Arc<Session>, Channel),
    doing: &str,
    program: &str,
    word: &str,
) -> Result<(Arc<Session>, Channel), HostError> {
    launch(&session, &mut channel, doing, Some(program.to_owned()), word).await?;
    Ok((session, channel))
}

/// Starts a root shell on this channel: on `program`, or on the lines that are written next.
pub(in crate::host) async fn launch(
    session: &Session,
    channel: &mut Channel,
    doing: &str,
    program: Option<String>,
    word: &str,
) -> Result<(), HostError> {
    let reads = program
        .as_ref()
        .map_or(ProgramSource::Lines, |program| ProgramSource::Program(program.len()));
    let command = session.login.command(reads, word);
    let lost = |reason| session.lost_error(doing, reason);
    let launched = async {
        channel.input.exec(&command).await.map_err(lost)?;
        session.login.rise(channel, word, &session.name).await?;
        match program {
            Some(program) => channel.input.write(program).await.map_err(lost),
            None => Ok(()),
        }
    };
    let what = if session.login.root { doing } else { RISING };
    // sudo may have to ask a directory server.
    session.within(session.patience.saturating_mul(3), what, launched).await
}

const RISING: &str = "become root";

fn lost(host: &str, reason: String) -> HostError {
    HostError::Lost { host: host.to_owned(), doing: RISING.to_owned(), reason }
}
