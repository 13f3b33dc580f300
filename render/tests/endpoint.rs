//! The database endpoint, where HAProxy is installed: it leads to the primary, and to nobody else.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use render::haproxy::endpoint_conf::{Server, Settings, render};

/// A server that says its name to whoever connects, and by HTTP whether it is the primary.
struct Fake {
    server: Server,
    primary: Arc<AtomicBool>,
}

impl Fake {
    fn new(name: &'static str, primary: bool) -> Self {
        let primary = Arc::new(AtomicBool::new(primary));
        let answers = Arc::clone(&primary);
        let port = each(move |mut client| {
            let _ = client.write_all(name.as_bytes());
            // It stays until it is cut.
            let _ = client.read(&mut [0; 64]);
        });
        let check_port = each(move |mut client| {
            let _ = client.read(&mut [0; 512]);
            let status = if answers.load(Ordering::SeqCst) { "200 OK" } else { "503 No" };
            let _ = client.write_all(format!("HTTP/1.0 {status}\r\n\r\n").as_bytes());
        });
        Self { server: Server { address: Ipv4Addr::LOCALHOST.into(), port, check_port }, primary }
    }

    fn set(&self, primary: bool) {
        self.primary.store(primary, Ordering::SeqCst);
    }
}

/// Does this with each client of a new port.
fn each(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let serve = serve.clone();
            thread::spawn(move || serve(client));
        }
    });
    port
}

struct Endpoint {
    haproxy: Child,
    place: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.haproxy.kill();
        let _ = self.haproxy.wait();
    }
}

impl Endpoint {
    /// None where no HAProxy is installed.
    fn of(a: &Fake, b: &Fake) -> Option<Self> {
        let program = std::path::Path::new("/usr/sbin/haproxy");
        if !program.exists() {
            eprintln!("SKIPPED: HAProxy is not installed, nothing was led anywhere by it");
            return None;
        }
        let folder = tempfile::tempdir().expect("temporary directory");
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let place = port.local_addr().expect("an address");
        drop(port);
        let settings = Settings {
            address: Ipv4Addr::new(10, 255, 255, 254),
            port: 5433,
            servers: [("a", a), ("b", b)].map(|(n, f)| (n.to_owned(), f.server.clone())).into(),
            patience: 20,
            socket: folder.path().join("socket").to_str().expect("UTF-8").to_owned(),
        };
        // As the user who runs the tests, at an address that every machine has.
        let text = render(&settings).expect("renders");
        let text = text.replace("10.255.255.254:5433", &place.to_string());
        let text = text.replace("    user haproxy\n    group haproxy\n", "");
        let path = folder.path().join("haproxy.cfg");
        std::fs::write(&path, text).expect("written");
        let check = Command::new(program).arg("-c").arg("-f").arg(&path).output().expect("runs");
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
        let haproxy = Command::new(program)
            .args(["-db", "-f"])
            .arg(&path)
            .stderr(Stdio::null())
            .spawn()
            .expect("haproxy runs");
        let endpoint = Self { haproxy, place, _folder: folder };
        until("it listens", || TcpStream::connect(place).is_ok());
        // The first checks are done.
        thread::sleep(Duration::from_millis(1500));
        Some(endpoint)
    }

    /// A new connection, and who answers it.
    fn connect(&self) -> (TcpStream, String) {
        let mut stream = TcpStream::connect(self.place).expect("it accepts");
        stream.set_read_timeout(Some(Duration::from_secs(15))).expect("a timeout");
        let mut name = [0];
        let name = match stream.read(&mut name) {
            Ok(1) => String::from_utf8_lossy(&name).into_owned(),
            _ => String::new(),
        };
        (stream, name)
    }
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < end, "{what}: not within 20 s");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn connections_follow_the_primary_and_wait_while_there_is_none() {
    let (a, b) = (Fake::new("a", true), Fake::new("b", false));
    let Some(endpoint) = Endpoint::of(&a, &b) else { return };
    let (mut session, name) = endpoint.connect();
    assert_eq!(name, "a");

    a.set(false);
    let lost = Instant::now();
    assert_eq!(session.read(&mut [0]).unwrap_or(0), 0, "its session is cut");
    assert!(lost.elapsed() < Duration::from_secs(5), "cut after {:?}", lost.elapsed());

    // There is no primary for three seconds.
    let promoted = thread::spawn(move || {
        thread::sleep(Duration::from_secs(3));
        b.set(true);
        (b, Instant::now())
    });
    let (_, name) = endpoint.connect();
    let answered = Instant::now();
    let (b, promoted) = promoted.join().expect("promoted");
    assert_eq!(name, "b", "it waited for the new primary");
    assert!(answered > promoted, "nobody answers in between");
    assert!(answered - promoted < Duration::from_secs(3), "after {:?}", answered - promoted);
    let all = || -> Vec<String> { (0..20).map(|_| endpoint.connect().1).collect() };
    assert_eq!(all().concat(), "b".repeat(20));

    // The old one comes back, and nobody has fenced it.
    a.set(true);
    thread::sleep(Duration::from_secs(2));
    assert_eq!(all().concat(), "b".repeat(20), "the old primary takes nothing over");
    b.set(false);
    thread::sleep(Duration::from_secs(3));
    assert_eq!(all().concat(), "a".repeat(20));
}

#[test]
fn two_primaries_never_share_the_load() {
    let (a, b) = (Fake::new("a", true), Fake::new("b", true));
    let Some(endpoint) = Endpoint::of(&a, &b) else { return };
    let held: Vec<(TcpStream, String)> = (0..50).map(|_| endpoint.connect()).collect();
    assert!(held.iter().all(|(_, name)| name == "a"), "one of them has all");
}
