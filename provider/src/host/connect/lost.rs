//! The end of a connection, for all who wait on it.

use std::future::Future;

use tokio::sync::watch;

/// Tells everybody who waits that the connection is gone, and why.
#[derive(Clone)]
pub(in crate::host) struct Lost(pub(super) watch::Receiver<Option<String>>);

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
