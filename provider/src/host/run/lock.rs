//! One writer per host: a mutex in this process, and a lock on the host that falls with the
//! connection.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

use crate::host::channel::frame::nonce;
use crate::host::connection::Host;
use crate::host::error::HostError;
use crate::host::run::keeper::{Claim, take};

/// The right to change a host. Ends when dropped; [`Lock::release`] also waits for it.
#[derive(Debug)]
pub struct Lock {
    host: Host,
    _turn: OwnedMutexGuard<()>,
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
        let claim = Claim { holder, token: nonce(), keeper: None };
        self.inner.lock.set(Some(claim));
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
        let keeper = self.host.inner.lock.set(None).and_then(|mut claim| claim.keeper.take());
        if let Some(mut keeper) = keeper {
            let gone = async {
                let _ = keeper.input.eof().await;
                // The keeper ends with its channel.
                let _ = (&mut keeper.task).await;
            };
            // Not waited for longer: without the connection the host lets go by itself.
            let _ = tokio::time::timeout(Duration::from_secs(5), gone).await;
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
