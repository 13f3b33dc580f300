//! One writer per host: a mutex in this process, and a lock on the host that falls with the
//! connection.

use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinHandle;

use super::command::shell_quote;
use super::error::HostError;
use super::frame::{nonce, opening};
use super::run::Collector;
use super::session::Session;
use super::shell::PREAMBLE;
use super::wire::{Event, Input, Wire};
use super::{Host, root::Reads};

/// How often the holder says that it lives. The host lets go after [`SILENCE`] without it, which
/// is longer than a lost connection needs to be seen and made anew.
const HEARTBEAT: Duration = Duration::from_secs(20);
const SILENCE: u32 = 150;

/// Seconds to wait for a lock whose holder is just letting go.
const PATIENCE: u32 = 2;

/// Exit status that says that somebody else holds it.
const HELD: i32 = 75;

const DOING: &str = "lock the host";

/// The right to change a host. Ends when dropped; [`Lock::release`] also waits for it.
#[derive(Debug)]
pub struct Lock {
    host: Host,
    _turn: OwnedMutexGuard<()>,
}

/// What a host needs to take its lock again on a new connection.
#[derive(Default)]
pub(super) struct LockState(StdMutex<Option<Wish>>);

struct Wish {
    holder: String,
    token: String,
    keeper: Option<Keeper>,
}

struct Keeper {
    input: Input,
    task: JoinHandle<()>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Host {
    /// Locks the host against other runs. `holder` says who, for those who are refused: one line.
    ///
    /// Waits for other users in this process; a lock held elsewhere is [`HostError::LockHeld`]
    /// with what its holder wrote. When the connection is lost and made again, the lock is taken
    /// again before anything else happens on it.
    pub async fn lock(&self, holder: &str) -> Result<Lock, HostError> {
        let turn = Arc::clone(&self.inner.turn).lock_owned().await;
        let session = self.session().await?;
        let holder: String = holder.chars().filter(|c| !c.is_control()).collect();
        let wish = Wish { holder, token: nonce(), keeper: None };
        self.inner.lock.set(Some(wish));
        let lock = Lock { host: self.clone(), _turn: turn };
        match take(&session, &self.inner.lock, &self.inner.run_dir).await {
            Err(error) if error.is_lost() => self.session().await.map(|_| lock),
            Err(error) => Err(error),
            Ok(()) => Ok(lock),
        }
    }
}

impl Lock {
    /// Gives it back and waits until the host has seen it.
    pub async fn release(self) {
        let keeper = self.host.inner.lock.set(None).and_then(|mut wish| wish.keeper.take());
        if let Some(mut keeper) = keeper {
            let _ = keeper.input.eof().await;
            // The keeper ends with its channel. Not waited for longer: without the connection
            // the host lets go by itself.
            let _ = tokio::time::timeout(Duration::from_secs(5), &mut keeper.task).await;
        }
    }

    /// Whether it is still held. `false` after somebody ended its process on the host, or while
    /// the connection is lost.
    pub fn is_held(&self) -> bool {
        self.host.inner.lock.is_kept()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.host.inner.lock.set(None);
    }
}

impl LockState {
    fn set(&self, wish: Option<Wish>) -> Option<Wish> {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::replace(&mut state, wish)
    }

    fn with<T>(&self, look: impl FnOnce(&mut Wish) -> T) -> Option<T> {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.as_mut().map(look)
    }

    fn is_kept(&self) -> bool {
        let kept = |wish: &mut Wish| wish.keeper.as_ref().is_some_and(|k| !k.task.is_finished());
        self.with(kept).unwrap_or(false)
    }
}

/// Takes the lock on this connection, if one is wished.
pub(super) async fn take(
    session: &Session,
    state: &LockState,
    run_dir: &str,
) -> Result<(), HostError> {
    let wished = state.with(|wish| (wish.holder.clone(), wish.token.clone()));
    let Some((holder, token)) = wished else { return Ok(()) };
    let bad =
        |source| HostError::Script { host: session.name.clone(), doing: DOING.to_owned(), source };
    let word = nonce();
    let program = format!(
        "{PREAMBLE}token={token}\nholder={}\nlock={}\nsilence={SILENCE}\npatience={PATIENCE}\n\
         {TAKE_SCRIPT}{}{KEEP_SCRIPT}",
        shell_quote(&holder).map_err(bad)?,
        shell_quote(&format!("{run_dir}.lock")).map_err(bad)?,
        opening(&word),
    );
    let mut wire = Wire::session(session, DOING, None).await?;
    let lost = |reason| session.lost_error(DOING, reason);
    let command = session.login.command(Reads::Program(program.len()), &word);
    wire.input.exec(&command).await.map_err(lost)?;
    session.login.rise(&mut wire, &word, &session.name).await?;
    wire.input.write(program).await.map_err(lost)?;
    await_taken(session, &mut wire, &word).await?;
    let input = wire.input.clone();
    let keeper = Keeper { input, task: tokio::spawn(keep(wire)) };
    state.with(|wish| wish.keeper = Some(keeper));
    Ok(())
}

async fn await_taken(session: &Session, wire: &mut Wire, word: &str) -> Result<(), HostError> {
    let mut collected = Collector::new(word);
    let mut status = None;
    while !collected.frame.begun() {
        let event = wire.next().await;
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
async fn keep(mut wire: Wire) {
    let mut beat = tokio::time::interval(HEARTBEAT);
    loop {
        tokio::select! {
            _ = beat.tick() => if wire.input.write(".").await.is_err() { return },
            event = wire.next() => if let Event::End(_) | Event::Flood = event { return },
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
