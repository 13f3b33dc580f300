//! A real sshd of the test's own: loopback, a free port, keys and configuration in a temporary
//! directory. Needs root, as logins are root's.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use provider::host::{
    Auth, Credential, Host, HostError, HostKeyPolicy, Keepalive, Patience, Pool, Settings, Target,
};

pub const LIMIT: Duration = Duration::from_secs(20);

pub struct Sshd {
    pub dir: tempfile::TempDir,
    pub port: u16,
    child: Child,
    apart: bool,
}

impl Sshd {
    /// With an ed25519 host key and an ed25519 user key.
    pub fn start() -> Self {
        Self::with("", &["ed25519"])
    }

    /// With an `/etc` and a `/run` of its own, as if it were another machine.
    pub fn apart() -> Self {
        Self::made("", &["ed25519"], true)
    }

    /// With more lines of configuration (`DIR` is the directory) and host keys of these types.
    pub fn with(config: &str, host_keys: &[&str]) -> Self {
        Self::made(config, host_keys, false)
    }

    fn made(config: &str, host_keys: &[&str], apart: bool) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        keygen(dir.path(), "id", &["-t", "ed25519"]);
        fs::copy(dir.path().join("id.pub"), dir.path().join("authorized_keys")).expect("copied");
        let mut lines = String::new();
        for kind in host_keys {
            keygen(dir.path(), &format!("host_{kind}"), &["-t", kind]);
            lines.extend(["HostKey DIR/host_", kind, "\n"]);
        }
        lines += "AuthorizedKeysFile DIR/authorized_keys\nPidFile none\nStrictModes no\n\
                  UsePAM no\nPermitRootLogin yes\nListenAddress 127.0.0.1\nLogLevel INFO\n";
        let lines = format!("{config}\n{lines}").replace("DIR", &dir.path().display().to_string());
        fs::write(dir.path().join("sshd_config"), lines).expect("written");
        fs::create_dir_all("/run/sshd").expect("these tests need root");
        let (child, port) = spawn(dir.path(), None, apart);
        Self { dir, port, child, apart }
    }

    /// On the same port, with other host keys.
    pub fn restart(&mut self, forget_keys: bool) {
        self.stop();
        if forget_keys {
            for kind in ["ed25519", "rsa", "ecdsa"] {
                let name = format!("host_{kind}");
                if fs::remove_file(self.dir.path().join(&name)).is_ok() {
                    keygen(self.dir.path(), &name, &["-t", kind]);
                }
            }
        }
        self.child = spawn(self.dir.path(), Some(self.port), self.apart).0;
    }

    /// Ends sshd with all its sessions.
    pub fn stop(&mut self) {
        self.kill_sessions();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("readable")
    }

    pub fn target(&self) -> Target {
        Target {
            host: "127.0.0.1".into(),
            port: self.port,
            user: "root".into(),
            host_key: None,
            credential: None,
        }
    }

    pub fn key(&self, name: &str) -> Auth {
        Auth::Key { pem: self.read(name).into(), passphrase: None, certificate: None }
    }

    pub fn settings(&self) -> Settings {
        Settings {
            default_credential: Credential { auth: vec![self.key("id")], ..Credential::default() },
            keepalive: Keepalive { interval: Duration::from_secs(1), count: 2 },
            run_dir: self.path("run").display().to_string(),
            host_key_policy: HostKeyPolicy::Pin,
            ..Settings::default()
        }
    }

    pub async fn host(&self) -> Host {
        self.connect(self.settings()).await.expect("connected")
    }

    pub async fn connect(&self, settings: Settings) -> Result<Host, HostError> {
        Pool::new(settings).host(&self.target(), None, Patience::Once).await
    }

    pub async fn connect_with(&self, auth: Auth) -> Result<Host, HostError> {
        let default_credential = Credential { auth: vec![auth], ..Credential::default() };
        self.connect(Settings { default_credential, ..self.settings() }).await
    }

    /// Processes of sshd that serve one connection each.
    pub fn sessions(&self) -> Vec<u32> {
        children(self.child.id())
    }

    pub fn kill_sessions(&self) {
        for pid in self.sessions() {
            signal("KILL", pid);
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts what follows the directory with mounts of its own, by the same process.
const APART: &str = r#"set -eu
[ -d "$1/etc" ] || cp -a /etc "$1/etc"
mount --bind "$1/etc" /etc
mount -t tmpfs none /run
mkdir /run/sshd
shift
exec "$@""#;

fn spawn(dir: &Path, port: Option<u16>, apart: bool) -> (Child, u16) {
    for _ in 0..20 {
        let free = || TcpListener::bind("127.0.0.1:0")?.local_addr().map(|addr| addr.port());
        let port = port.unwrap_or_else(|| free().expect("a free port"));
        let mut command = Command::new(if apart { "unshare" } else { "/usr/sbin/sshd" });
        if apart {
            command.args(["--mount", "sh", "-c", APART, "sh"]).arg(dir).arg("/usr/sbin/sshd");
        }
        let mut child = command
            .args(["-D", "-e", "-p", &port.to_string(), "-f"])
            .arg(dir.join("sshd_config"))
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("openssh-server is installed");
        let (listening, listens) = mpsc::channel();
        let log = BufReader::new(child.stderr.take().expect("piped"));
        // Reads to the end, so that sshd never waits for its log.
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if std::env::var_os("SSHD_LOG").is_some() {
                    eprintln!("sshd: {line}");
                }
                if line.starts_with("Server listening") {
                    let _ = listening.send(());
                }
            }
        });
        if listens.recv().is_ok() {
            return (child, port);
        }
        let _ = child.wait();
    }
    panic!("sshd does not listen");
}

pub fn keygen(dir: &Path, name: &str, args: &[&str]) {
    let mut command = Command::new("ssh-keygen");
    command.arg("-q").args(args).arg("-f").arg(dir.join(name));
    if !args.contains(&"-N") {
        command.args(["-N", ""]);
    }
    assert!(command.status().expect("ssh-keygen runs").success());
}

pub fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().expect("runs");
    assert!(output.status.success(), "{program} {args:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn signal_all(name: &str, pids: &[u32]) {
    for pid in pids {
        signal(name, *pid);
    }
}

fn signal(name: &str, pid: u32) {
    let _ = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status();
}

fn children(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Waits for something that another process does.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LIMIT, "{what} did not happen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
