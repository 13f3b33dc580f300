//! The end of an operation before its work is done: the user's, or that of its time.

use std::time::Instant;

use tokio::sync::watch;

/// What may end an operation. Cheap to clone.
#[derive(Clone)]
pub struct Interruption {
    stopping: watch::Receiver<bool>,
    deadline: Option<Instant>,
}

impl Interruption {
    /// By the user's wish to stop, and at the deadline.
    pub fn new(stopping: watch::Receiver<bool>, deadline: Option<Instant>) -> Self {
        Self { stopping, deadline }
    }

    /// Why the operation has to end now, if it has to.
    pub fn reason(&self) -> Option<&'static str> {
        if *self.stopping.borrow() {
            return Some("interrupted");
        }
        self.deadline.filter(|end| Instant::now() >= *end).map(|_| "out of time")
    }

    /// Runs `work`, which must change nothing, and leaves it when the operation has to end.
    pub fn race<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> impl Future<Output = Result<T, &'static str>> {
        let mut work = Box::pin(work);
        async move {
            if let Some(reason) = self.reason() {
                return Err(reason);
            }
            tokio::select! {
                biased;
                done = &mut work => Ok(done),
                reason = self.wait() => Err(reason),
            }
        }
    }

    async fn wait(&self) -> &'static str {
        let mut stopping = self.stopping.clone();
        let stopped = async {
            if stopping.wait_for(|stopping| *stopping).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let late = async {
            match self.deadline {
                Some(end) => tokio::time::sleep_until(end.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stopped => "interrupted",
            () = late => "out of time",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn work_that_does_not_end_is_left() {
        let stop = watch::Sender::new(false);
        let soon = Instant::now() + Duration::from_millis(20);
        let late = Interruption::new(stop.subscribe(), Some(soon));
        assert_eq!(late.race(async { 1 }).await, Ok(1));
        assert_eq!(late.race(pending::<()>()).await, Err("out of time"));

        let endless = Interruption::new(stop.subscribe(), None);
        let stopped =
            tokio::join!(endless.race(pending::<()>()), async { stop.send_replace(true) });
        assert_eq!(stopped.0, Err("interrupted"));
        assert_eq!(endless.race(async { 1 }).await, Err("interrupted"), "nothing new is begun");
    }
}
