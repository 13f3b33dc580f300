//! A server that follows the protocol as far as its mode says, and then does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use provider::host::{
    Auth, Credential, Host, HostError, HostKeyPolicy, Keepalive, Patience, Pool, Settings, Target,
};
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey};
use russh::server::{self, ChannelOpenHandle, Handle, Msg, Session, VerifiedPublicKey};
use russh::{
    Channel, ChannelMsg, ChannelOpenFailure, ChannelReadHalf, ChannelWriteHalf, Disconnect,
};
use tokio::net::{TcpListener, TcpStream};

use crate::raw;

/// What would deceive a terminal.
pub const ESC: &str = "\x1b]0;TITLE\x07\x1b[2J\u{9b}31mFAKE \u{202e}Apply complete!\x1b[0m";

/// The time that the client has for each thing that a server does at once.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// A server; ends when dropped.
pub struct Hostile {
    pub port: u16,
    mode: &'static str,
    /// Bytes that it has sent in floods.
    pub sent: Arc<AtomicUsize>,
    /// Channels that the client let it open.
    pub opened: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn new_key() -> PrivateKey {
    let mut seed = [0; 32];
    let random = ring::rand::SystemRandom::new();
    ring::rand::SecureRandom::fill(&random, &mut seed).expect("random bytes");
    let pair = russh::keys::ssh_key::private::Ed25519Keypair::from_seed(&seed);
    let key = PrivateKey::from(pair);
    assert_eq!(key.algorithm(), Algorithm::Ed25519);
    key
}

impl Hostile {
    pub async fn start(mode: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let port = listener.local_addr().expect("an address").port();
        let config = Arc::new(server::Config {
            keys: vec![new_key()],
            auth_rejection_time: Duration::ZERO,
            nodelay: true,
            ..server::Config::default()
        });
        let (sent, opened) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let one = Connection { mode, sent: Arc::clone(&sent), opened: Arc::clone(&opened) };
        let task = tokio::spawn(async move {
            let mut all = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                all.spawn(serve(Arc::clone(&config), stream, one.clone()));
            }
        });
        Self { port, mode, sent, opened, task }
    }

    pub fn target(&self) -> Target {
        // Such a login needs sudo.
        let user = if self.mode.starts_with("sudo_") { "somebody" } else { "root" };
        Target {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            user: user.to_owned(),
            host_key: None,
            credential: None,
        }
    }

    pub async fn connect(&self) -> Result<Host, HostError> {
        let auth = vec![Auth::Key { pem: user_key().into(), passphrase: None, certificate: None }];
        let sudo_password = Some("the password".into());
        let settings = Settings {
            default_credential: Credential { auth, sudo_password, ..Credential::default() },
            connect_timeout: PATIENCE,
            keepalive: Keepalive { interval: Duration::from_secs(20), count: 2 },
            host_key_policy: HostKeyPolicy::Pin,
            ..Settings::default()
        };
        let (pool, target) = (Pool::new(settings), self.target());
        Box::pin(pool.host(&target, None, Patience::Once)).await
    }

    pub async fn host(&self) -> Host {
        self.connect().await.expect("connected")
    }
}

/// A private key as a user gives it.
pub fn user_key() -> String {
    new_key().to_openssh(LineEnding::LF).expect("a key").to_string()
}

async fn serve(config: Arc<server::Config>, stream: TcpStream, one: Connection) {
    if raw::MODES.contains(&one.mode) {
        return raw::serve(one.mode, stream).await;
    }
    if let Ok(session) = server::run_stream(config, stream, Server { one, kept: Vec::new() }).await
    {
        let _ = session.await;
    }
}

#[derive(Clone)]
struct Connection {
    mode: &'static str,
    sent: Arc<AtomicUsize>,
    opened: Arc<AtomicUsize>,
}

struct Server {
    one: Connection,
    /// Never answered.
    kept: Vec<ChannelOpenHandle>,
}

impl server::Handler for Server {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, russh::Error> {
        Ok((self.one.mode == "auth_banner").then(|| format!("{ESC}{}", "B".repeat(200_000))))
    }

    async fn auth_publickey(
        &mut self,
        _: &str,
        _: VerifiedPublicKey<'_>,
    ) -> Result<server::Auth, russh::Error> {
        match self.one.mode {
            "auth_hang" => std::future::pending().await,
            "auth_close" => Err(russh::Error::Disconnect),
            _ => Ok(server::Auth::Accept),
        }
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        match self.one.mode {
            "chan_hang" => self.kept.push(reply),
            "chan_refuse" => reply.reject(ChannelOpenFailure::ResourceShortage).await,
            _ => {
                reply.accept().await;
                let (read, write) = channel.split();
                let channel =
                    ServerChannel { one: self.one.clone(), handle: session.handle(), read, write };
                tokio::spawn(channel.run());
            }
        }
        Ok(())
    }
}

/// One channel.
struct ServerChannel {
    one: Connection,
    handle: Handle,
    read: ChannelReadHalf,
    write: ChannelWriteHalf<Msg>,
}

impl ServerChannel {
    async fn run(mut self) {
        loop {
            match self.read.wait().await {
                Some(ChannelMsg::Exec { command, .. }) => {
                    let command = String::from_utf8_lossy(&command).into_owned();
                    if self.begun(&command).await {
                        return;
                    }
                    break;
                }
                Some(_) => {}
                None => return,
            }
        }
        let mut text = String::new();
        while let Some(message) = self.read.wait().await {
            let ChannelMsg::Data { data } = message else { continue };
            text += &String::from_utf8_lossy(&data);
            if let Some(word) = word_of(&text) {
                if self.asked(&word, &text).await {
                    return;
                }
                text.clear();
            }
        }
    }

    /// What it does before anything is asked; whether that is all.
    async fn begun(&self, command: &str) -> bool {
        match self.one.mode {
            "exec_hang" | "sudo_never" => std::future::pending().await,
            "srv_chan" => self.open_channels().await,
            "exec_close" => self.exit(0).await,
            "exec_exit1_esc" => {
                self.err(ESC).await;
                self.exit(1).await;
            }
            "flood_out" => self.flood(false, "x").await,
            "flood_err" => self.flood(true, "x").await,
            "sudo_flood_out" => self.flood(false, "y").await,
            "sudo_flood_err" => self.flood(true, "y").await,
            "sudo_loop" => {
                let at = command.find("bw-ask-").expect("a prompt");
                let prompt = command[at..at + "bw-ask-".len() + 32].to_owned();
                self.flood(true, &prompt).await;
            }
            "small_events" => {
                while self.handle.exit_status_request(self.write.id(), 1).await.is_ok() {
                    // Much more than it is on the wire: how many there are counts here.
                    self.one.sent.fetch_add(1024, Ordering::Relaxed);
                }
            }
            "disc" => {
                let text = (ESC.to_owned(), String::new());
                let _ = self.handle.disconnect(Disconnect::ByApplication, text.0, text.1).await;
            }
            _ => return false,
        }
        true
    }

    /// What it does when it is asked something; whether that is all.
    async fn asked(&self, word: &str, text: &str) -> bool {
        let mode = self.one.mode;
        if mode == "lock_hang" && text.contains("bw-held") {
            std::future::pending::<()>().await;
        }
        let (begin, end) = (format!("bw-begin-{word}\n"), format!("bw-end-{word}:"));
        self.out(&format!("bw-pid-1\n{begin}")).await;
        self.err(&begin).await;
        match mode {
            "silent_inside" => std::future::pending().await,
            "flood_inside" => self.flood(false, "x").await,
            "flood_inside_err" => self.flood(true, "x").await,
            "end_noeol" => {
                self.out(&end).await;
                self.flood(false, "9").await;
            }
            "end_noeol_err" => {
                self.out(&format!("{end}0\n")).await;
                self.err(&end).await;
                self.flood(true, "9").await;
            }
            "out_done_flood" => {
                self.out(&format!("{end}0\n")).await;
                self.flood(false, "x").await;
            }
            "done_then_flood" => {
                self.done(&end, "0").await;
                self.flood(false, "x").await;
            }
            "mid_close" => {
                self.out("half").await;
                self.exit(0).await;
            }
            "status_huge" => self.done(&end, "99999999999").await,
            "binary" => {
                let bytes: Vec<u8> = (0..1 << 20).map(|i: u32| i.to_le_bytes()[0]).collect();
                let _ = self.write.data_bytes(bytes).await;
                self.done(&end, "0").await;
            }
            "esc_says" => {
                for word in words_of(text).iter().skip(1) {
                    let (begin, end) = (format!("bw-begin-{word}\n"), format!("bw-end-{word}:0\n"));
                    self.out(&format!("{begin}{ESC}{end}")).await;
                }
                self.done(&end, "0").await;
            }
            "esc_fail" => {
                self.err(&format!("{ESC}\n")).await;
                self.done(&end, "1").await;
            }
            _ => self.done(&end, "0").await,
        }
        matches!(mode, "mid_close" | "done_then_flood")
    }

    async fn done(&self, end: &str, status: &str) {
        self.out(&format!("{end}{status}\n")).await;
        self.err(&format!("{end}{status}\n")).await;
    }

    async fn out(&self, text: &str) {
        let _ = self.write.data_bytes(text.to_owned()).await;
    }

    async fn err(&self, text: &str) {
        let _ = self.write.extended_data_bytes(1, text.to_owned()).await;
    }

    async fn exit(&self, status: u32) {
        let _ = self.write.exit_status(status).await;
        let _ = self.write.close().await;
    }

    async fn flood(&self, err: bool, text: &str) {
        let piece = Bytes::from(text.repeat(32_000 / text.len()));
        loop {
            let sent = if err {
                self.write.extended_data_bytes(1, piece.clone()).await
            } else {
                self.write.data_bytes(piece.clone()).await
            };
            if sent.is_err() {
                return;
            }
            self.one.sent.fetch_add(piece.len(), Ordering::Relaxed);
        }
    }

    async fn open_channels(&self) {
        loop {
            match self.handle.channel_open_forwarded_tcpip("x", 1, "y", 2).await {
                Ok(_) => self.one.opened.fetch_add(1, Ordering::Relaxed),
                Err(russh::Error::ChannelOpenFailure(_)) => 0,
                Err(_) => return,
            };
            self.one.sent.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The random word of the frame that a script wants.
fn word_of(text: &str) -> Option<String> {
    words_of(text).into_iter().next()
}

/// Those of all frames in a script, the outer one's first.
fn words_of(text: &str) -> Vec<String> {
    let text = text.replace(r"'\''", "'");
    let word = |after: &str| -> Option<String> {
        let word: String = after.chars().take(33).filter(char::is_ascii_hexdigit).collect();
        (word.len() == 32).then_some(word)
    };
    let mut words: Vec<String> =
        text.split("printf 'bw-begin-%s%s\\n' ").skip(1).filter_map(word).collect();
    words.dedup();
    words
}
