//! A host and its connection, made when needed and made again when lost.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::host::channel::Channel;
use crate::host::channel::stream::Stream;
use crate::host::connect::key::KeyBlob;
use crate::host::connect::known_hosts::KnownHosts;
use crate::host::connect::session::{Plan, Session};
use crate::host::connect::socket::{self, QuickAckStream};
use crate::host::connect::trust::{GIVEN, Trust};
use crate::host::error::HostError;
use crate::host::run::keeper::{LockState, take};
use crate::host::run::output::Output;
use crate::host::run::shell::{Failure, Shell, kill_group};
use crate::host::script::check_script;
use crate::host::settings::{Credential, HostKeyPolicy, Login, Patience, Settings, Target};

/// How long a refused login is tried again while a machine boots: its keys come late.
const KEYS_COME_WITHIN: Duration = Duration::from_secs(60);

/// A host that was reached and is who it should be. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    name: String,
    target: Target,
    pinned: Option<String>,
    policy: HostKeyPolicy,
    credential: Credential,
    settings: Arc<Settings>,
    via: Option<Host>,
    key: OnceLock<(KeyBlob, String)>,
    current: Mutex<Option<Live>>,
    booted: AtomicBool,
    /// When this process first had to do with it: all that it saw there is younger.
    pub(super) met: Instant,
    pub(super) run_dir: String,
    pub(super) turn: Arc<Mutex<()>>,
    pub(super) lock: LockState,
}

/// A connection, and its shell once somebody asked something.
#[derive(Clone)]
struct Live {
    session: Arc<Session>,
    shell: Arc<Mutex<Option<Shell>>>,
}

/// How a host is to be reached.
pub(super) struct Access {
    pub pinned: Option<String>,
    pub policy: HostKeyPolicy,
    pub credential: Credential,
    pub via: Option<Host>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Host({})", self.inner.name)
    }
}

impl Inner {
    /// Not reached yet; a host key that is no key is refused here already.
    fn new(target: &Target, access: Access, settings: Arc<Settings>) -> Result<Self, HostError> {
        let Access { pinned, policy, credential, via } = access;
        let inner = Self {
            name: target.name(),
            target: target.clone(),
            pinned,
            policy,
            credential,
            via,
            key: OnceLock::new(),
            current: Mutex::new(None),
            booted: AtomicBool::new(false),
            met: Instant::now(),
            run_dir: settings.run_dir.clone(),
            settings,
            turn: Arc::default(),
            lock: LockState::default(),
        };
        inner.trust_for(target, inner.pinned.as_deref())?;
        Ok(inner)
    }

    fn way(&self) -> String {
        match &self.via {
            None => self.name.clone(),
            Some(hop) => format!("{} via {}", self.name, hop.inner.way()),
        }
    }

    fn trust_for(&self, target: &Target, pinned: Option<&str>) -> Result<Trust, HostError> {
        let known = Arc::new(KnownHosts::load(&self.settings.known_hosts)?);
        Trust::new(target, pinned, known, self.policy)
    }

    /// Makes a connection. Boxed, because a hop's connection is made by the same function.
    fn connect(&self) -> Pin<Box<dyn Future<Output = Result<Session, HostError>> + Send + '_>> {
        Box::pin(async move {
            let mut trust = self.trust_for(&self.target, self.pinned.as_deref())?;
            if let Some((key, _)) = self.key.get() {
                trust = trust.held_to(key);
            }
            let plan = Plan {
                name: &self.name,
                user: &self.target.user,
                auth: &self.credential.auth,
                trust,
                timeout: self.settings.connect_timeout,
                keepalive: self.settings.keepalive,
                login: Login {
                    root: self.target.user == "root",
                    sudo_password: self.credential.sudo_password.clone(),
                },
            };
            match &self.via {
                Some(hop) => Session::connect(self.transport_via(hop).await?, plan).await,
                None => Session::connect(self.transport().await?, plan).await,
            }
        })
    }

    async fn transport(&self) -> Result<QuickAckStream, HostError> {
        let Target { host, port, .. } = &self.target;
        let limit = self.settings.connect_timeout;
        let unreachable =
            |reason: String| HostError::Unreachable { host: self.name.clone(), reason };
        match tokio::time::timeout(limit, socket::connect(host, *port)).await {
            Ok(connected) => connected.map_err(|error| unreachable(error.to_string())),
            Err(_) => Err(unreachable(format!("no TCP connection within {limit:?}"))),
        }
    }

    async fn transport_via(&self, hop: &Host) -> Result<Stream, HostError> {
        let Target { host, port, .. } = &self.target;
        hop.tcp(host, *port).await.map_err(|error| match error {
            HostError::Refused { .. } | HostError::Lost { .. } | HostError::Timeout { .. } => {
                HostError::Unreachable { host: self.name.clone(), reason: error.to_string() }
            }
            other => of_a_bastion(other),
        })
    }
}

/// A hop's error, as that of a hop.
fn of_a_bastion(error: HostError) -> HostError {
    match error {
        HostError::HostKeyChanged { host, given_by, given, presented, .. } => {
            let given_by = given_by.replace(GIVEN, "its host_key in bastions");
            HostError::HostKeyChanged { host, given_by, given, presented, bastion: true }
        }
        other => other,
    }
}

impl Host {
    /// A host that was not reached yet.
    pub(super) fn new(
        target: &Target,
        access: Access,
        settings: Arc<Settings>,
    ) -> Result<Self, HostError> {
        Inner::new(target, access, settings).map(|inner| Self { inner: Arc::new(inner) })
    }

    /// The hosts on the way to it, itself first.
    pub(super) fn way(&self) -> String {
        self.inner.way()
    }

    /// Whether it was reached once, and has proven its key.
    pub(super) fn is_known(&self) -> bool {
        self.inner.key.get().is_some()
    }

    /// Whether an attempt to reach it decides by just this.
    pub(super) fn is_as(&self, target: &Target, access: &Access) -> bool {
        let Access { pinned, policy, credential: _, via } = access;
        let same_way = match (&self.inner.via, via) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(&one.inner, &other.inner),
            _ => false,
        };
        // The target names the credential.
        same_way
            && self.inner.target == *target
            && self.inner.pinned == *pinned
            && self.inner.policy == *policy
    }

    /// Holds what it has proven against what is known of this target.
    pub(super) fn check_again(
        &self,
        target: &Target,
        pinned: Option<&str>,
    ) -> Result<(), HostError> {
        self.inner.trust_for(target, pinned)?.check_again(self.key())
    }

    /// `root@198.51.100.11:22`.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// For each part of making a connection.
    pub(super) fn connect_timeout(&self) -> Duration {
        self.inner.settings.connect_timeout
    }

    /// The key that the host proved: `ssh-ed25519 AAAA...`, without a comment. To be recorded at
    /// first contact and given back as `pinned` later.
    pub fn host_key(&self) -> &str {
        self.inner.key.get().map_or("", |(_, text)| text)
    }

    fn key(&self) -> &KeyBlob {
        const NONE: &KeyBlob = &KeyBlob(Vec::new());
        self.inner.key.get().map_or(NONE, |(key, _)| key)
    }

    /// The live connection, made anew if the last one is lost. A lock that is held is taken again
    /// before anybody gets the new one.
    pub(super) async fn session(&self) -> Result<Arc<Session>, HostError> {
        self.live().await.map(|live| live.session)
    }

    async fn live(&self) -> Result<Live, HostError> {
        let mut current = self.inner.current.lock().await;
        if let Some(live) = &*current
            && live.session.lost_reason().is_none()
        {
            return Ok(live.clone());
        }
        let session = Arc::new(self.inner.connect().await?);
        take(&session, &self.inner.lock, &self.inner.run_dir).await?;
        let key = session.key.clone();
        self.inner.key.get_or_init(|| (key.clone(), key.to_openssh()));
        let live = Live { session, shell: Arc::default() };
        *current = Some(live.clone());
        Ok(live)
    }

    pub(super) async fn reach(&self, patience: Patience) -> Result<(), HostError> {
        let Patience::Boot(limit) = patience else { return self.session().await.map(drop) };
        let start = Instant::now();
        let mut pause = Duration::from_millis(500);
        loop {
            let Err(error) = self.session().await else { break };
            let patient = match &error {
                HostError::Unreachable { .. } | HostError::Lost { .. } => limit,
                HostError::AuthRefused { .. } => limit.min(KEYS_COME_WITHIN),
                _ => Duration::ZERO,
            };
            if start.elapsed() + pause > patient {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
        self.await_cloud_init(limit.saturating_sub(start.elapsed())).await
    }

    /// Packages and users that cloud-init makes come after sshd. Its own verdict is not ours.
    async fn await_cloud_init(&self, limit: Duration) -> Result<(), HostError> {
        if self.inner.booted.load(Ordering::Relaxed) {
            return Ok(());
        }
        let script = "command -v cloud-init >/dev/null || exit 0\n\
                      cloud-init status --wait >/dev/null 2>&1 || :\n";
        let limit = limit.max(Duration::from_secs(10));
        self.run_as("wait for cloud-init", script, &[][..], limit).await?;
        self.inner.booted.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Opens a channel on the live connection; once more on a new one, when it turns out to be
    /// lost: nothing was started on it, so nothing is done twice.
    async fn open(&self, what: Opening<'_>) -> Result<(Arc<Session>, Channel), HostError> {
        let session = self.session().await?;
        match what.open_on(&session).await {
            Err(HostError::Lost { .. }) => {
                let session = self.session().await?;
                let channel = what.open_on(&session).await?;
                Ok((session, channel))
            }
            opened => opened.map(|channel| (session, channel)),
        }
    }

    /// A channel for one command, of which there are only a few at a time.
    pub(super) async fn command_channel(
        &self,
        doing: &str,
    ) -> Result<(Arc<Session>, Channel), HostError> {
        self.open(Opening::Command(doing)).await
    }

    /// A channel for something that lasts, which takes no other command's place.
    pub(super) async fn lasting_channel(
        &self,
        doing: &str,
    ) -> Result<(Arc<Session>, Channel), HostError> {
        self.open(Opening::Lasting(doing)).await
    }

    /// Asks the host something, as root, in one round trip. The script must change nothing; it
    /// has no standard input. `limit` counts from when the questions before it are answered.
    pub async fn ask(&self, script: &str, limit: Duration) -> Result<Output, HostError> {
        check_script(self.name(), "read its state", script)?;
        let mut again = true;
        loop {
            let answer = match self.live().await?.shell().await {
                Ok(shell) => shell.ask(script, limit).await,
                Err(error) => Err(Failure { error, begun: false, leftover: None }),
            };
            let failure = match answer {
                Ok(output) => return Ok(output),
                Err(failure) => failure,
            };
            if let Some(pid) = failure.leftover {
                self.clean_up(pid);
            }
            if failure.begun || !failure.error.is_lost() || !again {
                return Err(failure.error);
            }
            again = false;
        }
    }

    /// Ends what a question that took too long left behind, without keeping its asker waiting.
    fn clean_up(&self, pid: u32) {
        let host = self.clone();
        tokio::spawn(async move {
            let limit = Duration::from_secs(10);
            // When this fails too, the question's processes end when they next print something.
            let _ = host.run_as("end a question", &kill_group(pid), &[][..], limit).await;
        });
    }

    /// Opens a TCP connection from the host to `host:port`, as seen from there.
    pub async fn tcp(&self, host: &str, port: u16) -> Result<Stream, HostError> {
        let (_, channel) = self.open(Opening::Tcp(host, port)).await?;
        Ok(Stream::new(channel))
    }

    /// Opens a connection to a Unix socket on the host, as the login user (not as root).
    pub async fn unix(&self, path: &str) -> Result<Stream, HostError> {
        let (_, channel) = self.open(Opening::Unix(path)).await?;
        Ok(Stream::new(channel))
    }
}

impl Live {
    /// The connection's shell, started when there is none.
    async fn shell(&self) -> Result<Shell, HostError> {
        let mut shell = self.shell.lock().await;
        if let Some(shell) = &*shell
            && shell.is_alive()
        {
            return Ok(shell.clone());
        }
        let started = Shell::start(&self.session).await?;
        *shell = Some(started.clone());
        Ok(started)
    }
}

/// A channel to open.
enum Opening<'a> {
    Command(&'a str),
    Lasting(&'a str),
    Tcp(&'a str, u16),
    Unix(&'a str),
}

impl Opening<'_> {
    async fn open_on(&self, session: &Session) -> Result<Channel, HostError> {
        match *self {
            Self::Command(doing) => {
                let slot = session.lost().race(Arc::clone(&session.slots).acquire_owned()).await;
                let slot = slot.map_err(|reason| session.lost_error(doing, reason))?;
                Channel::session(session, doing, slot.ok()).await
            }
            Self::Lasting(doing) => Channel::session(session, doing, None).await,
            Self::Tcp(host, port) => Channel::tcp(session, host, port).await,
            Self::Unix(path) => Channel::unix(session, path).await,
        }
    }
}
