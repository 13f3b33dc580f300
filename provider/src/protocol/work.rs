//! What keeps the process alive: connections of the host, and operations under way. An operation
//! runs in a task of its own, so that it goes on when the connection that asked for it is gone.

use std::any::Any;
use std::sync::Arc;

use tokio::sync::watch;

use super::mask;
use crate::diag::Diag;

/// How much is going on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// Open connections.
    pub connections: usize,
    /// Operations under way.
    pub operations: usize,
    /// Whether there was ever a connection.
    pub met: bool,
    /// Whether the host asked for the end.
    pub ending: bool,
}

/// Counts connections and operations.
#[derive(Clone)]
pub struct Work(Arc<watch::Sender<Load>>);

impl Work {
    /// Nothing yet.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Load::default())))
    }

    /// The host asks for the end.
    pub fn end(&self) {
        self.0.send_modify(|load| load.ending = true);
    }

    /// A connection, until the guard is dropped.
    pub fn connection(&self) -> Guard {
        self.0.send_modify(|load| {
            load.connections += 1;
            load.met = true;
        });
        Guard { work: self.clone(), done: |load| load.connections -= 1 }
    }

    fn operation(&self) -> Guard {
        self.0.send_modify(|load| load.operations += 1);
        Guard { work: self.clone(), done: |load| load.operations -= 1 }
    }

    /// How much is going on now.
    pub fn load(&self) -> Load {
        *self.0.borrow()
    }

    /// Wait until this is so.
    pub async fn until(&self, so: impl FnMut(&Load) -> bool) {
        // The sender lives in self, so the wait cannot end early.
        let _ = self.0.subscribe().wait_for(so).await;
    }

    /// Run an operation to its end, whatever becomes of the caller. A panic in it becomes an
    /// error that names it: `what` is a phrase such as `planning harbor_ha_node`.
    pub async fn run<T: Send + 'static>(
        &self,
        what: &str,
        operation: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Diag> {
        let guard = self.operation();
        let task = tokio::spawn(async move {
            let result = operation.await;
            drop(guard);
            result
        });
        task.await.map_err(|failure| crashed(what, failure))
    }
}

/// One connection or operation.
pub struct Guard {
    work: Work,
    done: fn(&mut Load),
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.work.0.send_modify(self.done);
    }
}

fn crashed(what: &str, failure: tokio::task::JoinError) -> Diag {
    let why = match failure.try_into_panic() {
        Ok(payload) => panic_text(payload.as_ref()),
        Err(_) => "it was cancelled".to_owned(),
    };
    let detail = format!(
        "The provider failed unexpectedly while {what}: {why}. What was done until then is kept; \
         plan again to see what is left. This is a bug of the provider: please report it with \
         the log (TF_LOG=debug)."
    );
    Diag::error(format!("Crash while {what}"), mask::masked(&detail))
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no reason was given".to_owned())
}
