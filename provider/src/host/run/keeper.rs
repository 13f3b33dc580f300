//! The lock on a host, which falls with the connection: taken, and kept by a process there that
//! hears from us.

use std::sync::Mutex as StdMutex;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::host::channel::frame::{nonce, opening};
use crate::host::channel::{Channel, Event, Input};
use crate::host::connect::session::Session;
use crate::host::error::HostError;
use crate::host::run::collect::Collector;
use crate::host::run::sudo::launch;
use crate::host::script::{PREAMBLE, check_script};
use crate::shell::word as quoted;

/// How often the holder says that it lives. The host lets go after [`SILENCE`] without it, which
/// is longer than a lost connection needs to be seen and made anew.
const HEARTBEAT: Duration = Duration::from_secs(20);
const SILENCE: u32 = 150;

/// Seconds to wait for a lock whose holder is just letting go.
const PATIENCE: u32 = 2;

/// How long the host itself may wait for the lock, with a process of ours that it has to end.
const TAKING: Duration = Duration::from_secs(12);

/// Exit status that says that somebody else holds it.
const HELD: i32 = 75;

const DOING: &str = "lock the host";

/// What a host needs to take its lock again on a new connection.
#[derive(Default)]
pub(in crate::host) struct LockState(StdMutex<Option<Claim>>);

pub(super) struct Claim {
    pub holder: String,
    pub token: String,
    pub keeper: Option<Keeper>,
}

pub(super) struct Keeper {
    pub input: Input,
    pub task: JoinHandle<()>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl LockState {
    pub(super) fn set(&self, claim: Option<Claim>) -> Option<Claim> {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::replace(&mut state, claim)
    }

    fn with<T>(&self, look: impl FnOnce(&mut Claim) -> T) -> Option<T> {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.as_mut().map(look)
    }

    pub fn is_kept(&self) -> bool {
        let kept = |claim: &mut Claim| claim.keeper.as_ref().is_some_and(|k| !k.task.is_finished());
        self.with(kept).unwrap_or(false)
    }
}

/// Takes the lock on this connection, if it is claimed.
pub(in crate::host) async fn take(
    session: &Session,
    state: &LockState,
    run_dir: &str,
) -> Result<(), HostError> {
    let claimed = state.with(|claim| (claim.holder.clone(), claim.token.clone()));
    let Some((holder, token)) = claimed else { return Ok(()) };
    let word = nonce();
    let program = format!(
        "{PREAMBLE}token={token}\nholder={}\nlock={}\nsilence={SILENCE}\npatience={PATIENCE}\n\
         {TAKE_SCRIPT}{}{KEEP_SCRIPT}",
        quoted(&holder),
        quoted(&format!("{run_dir}.lock")),
        opening(&word),
    );
    check_script(&session.name, DOING, &program)?;
    let mut channel = Channel::session(session, DOING, None).await?;
    launch(session, &mut channel, DOING, Some(program), &word).await?;
    let answer = await_taken(session, &mut channel, &word);
    session.within(TAKING.saturating_add(session.patience), DOING, answer).await?;
    let input = channel.input.clone();
    let keeper = Keeper { input, task: tokio::spawn(keep(channel)) };
    state.with(|claim| claim.keeper = Some(keeper));
    Ok(())
}

async fn await_taken(
    session: &Session,
    channel: &mut Channel,
    word: &str,
) -> Result<(), HostError> {
    let mut collected = Collector::new(word);
    let mut status = None;
    while !collected.frame.begun() {
        let event = channel.next().await;
        if let Event::Status(said) = event {
            status = Some(said);
        }
        if collected.take(event).is_none() {
            continue;
        }
        let noise = collected.frame.noise();
        return Err(if status == Some(HELD) {
            let holder = noise.trim().rsplit("bw-held ").next().unwrap_or_default().to_owned();
            HostError::LockHeld { host: session.name.clone(), holder }
        } else {
            collected.broken(session, &session.login, DOING)
        });
    }
    Ok(())
}

/// Says regularly that we live, until the channel ends.
async fn keep(mut channel: Channel) {
    let mut beat = tokio::time::interval(HEARTBEAT);
    loop {
        tokio::select! {
            _ = beat.tick() => if channel.input.write(".").await.is_err() { return },
            event = channel.next() => if let Event::End(_) | Event::Flood = event { return },
        }
    }
}

/// Our own process of a connection that was lost may still hold it: then it is ended.
const TAKE_SCRIPT: &str = r#"umask 077
exec 9>>"$lock" || exit 1
if ! flock -w "$patience" 9; then
  read -r its_token its_pid its_holder <"$lock" || :
  [ "$its_token" = "$token" ] && kill -KILL "$its_pid" 2>/dev/null
  if [ "$its_token" != "$token" ] || ! flock -w 10 9; then
    printf 'bw-held %s\n' "${its_holder:-a process that did not say its name}"
    exit 75
  fi
fi
from=${SSH_CLIENT:-an unknown address}
printf '%s %s %s, since %s, from %s\n' \
  "$token" "$$" "$holder" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "${from%% *}" >"$lock"
"#;

/// Descriptor 9 belongs to this shell alone, so that the lock falls when it ends.
const KEEP_SCRIPT: &str = r#"while [ -n "$(exec 9>&-; timeout "$silence" head -c 1)" ]; do :; done
exit 0
"#;
