//! A small HTTP server for files: what apt needs, and what a test wants hosts to download.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::thread;

use super::error::{At, Result};

/// Serves files below the first of `roots` that has them, until the process ends.
pub fn serve(address: &str, roots: &[PathBuf]) -> Result<()> {
    let listener = TcpListener::bind(address).at("listen for", address)?;
    thread::scope(|scope| {
        for stream in listener.incoming().flatten() {
            // A client that goes away in the middle is its own business.
            scope.spawn(|| talk(stream, roots).ok());
        }
    });
    Ok(())
}

struct Request {
    method: String,
    path: String,
    /// First byte that is wanted, from `Range: bytes=N-`.
    from: u64,
    keep_alive: bool,
}

fn talk(stream: TcpStream, roots: &[PathBuf]) -> io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader)? {
        answer(&mut writer, &request, roots)?;
        if !request.keep_alive {
            break;
        }
    }
    Ok(())
}

fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut words = first.split_whitespace();
    let mut request = Request {
        method: words.next().unwrap_or_default().to_owned(),
        path: words.next().unwrap_or_default().to_owned(),
        from: 0,
        keep_alive: words.next() == Some("HTTP/1.1"),
    };
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            return Ok(Some(request));
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "connection" => request.keep_alive = !value.trim().eq_ignore_ascii_case("close"),
            "range" => request.from = range_start(value).unwrap_or(0),
            _ => {}
        }
    }
}

fn range_start(value: &str) -> Option<u64> {
    value.trim().strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

fn answer(writer: &mut TcpStream, request: &Request, roots: &[PathBuf]) -> io::Result<()> {
    if request.method != "GET" && request.method != "HEAD" {
        return write!(writer, "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n");
    }
    let Some((mut file, length)) = find(roots, &request.path) else {
        return write!(writer, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    };
    let from = if request.from < length { request.from } else { 0 };
    let (status, range) = match from {
        0 => ("200 OK", String::new()),
        _ => (
            "206 Partial Content",
            format!("Content-Range: bytes {from}-{}/{length}\r\n", length - 1),
        ),
    };
    let left = length - from;
    write!(
        writer,
        "HTTP/1.1 {status}\r\nContent-Length: {left}\r\nAccept-Ranges: bytes\r\n{range}\r\n"
    )?;
    if request.method == "GET" {
        io::Seek::seek(&mut file, io::SeekFrom::Start(from))?;
        io::copy(&mut io::Read::take(file, left), writer)?;
    }
    writer.flush()
}

fn find(roots: &[PathBuf], path: &str) -> Option<(File, u64)> {
    let relative = relative(path)?;
    let file = roots.iter().find_map(|root| File::open(root.join(&relative)).ok())?;
    let metadata = file.metadata().ok()?;
    metadata.is_file().then_some((file, metadata.len()))
}

/// The path below a root; none for one that would leave it.
fn relative(path: &str) -> Option<PathBuf> {
    let path = path.split(['?', '#']).next()?.replace("%2b", "+").replace("%2B", "+");
    let path = path.replace("%7e", "~").replace("%7E", "~").replace("%3a", ":").replace("%3A", ":");
    let path = path.replace("%25", "%");
    let below = Path::new(path.trim_start_matches('/'));
    below.components().all(|part| matches!(part, Component::Normal(_))).then(|| below.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leaves_the_root() {
        assert_eq!(relative("/../etc/shadow"), None);
        assert_eq!(relative("/a/../../b"), None);
        assert_eq!(relative("/pool/libstdc%2b%2b6.deb?x=1"), Some("pool/libstdc++6.deb".into()));
    }

    #[test]
    fn requests_are_read_to_their_end() {
        let text =
            b"GET /a HTTP/1.1\r\nHost: x\r\nRange: bytes=10-\r\n\r\nHEAD /b HTTP/1.0\r\n\r\n";
        let mut reader = &text[..];
        let first = read_request(&mut reader).unwrap().unwrap();
        assert_eq!((first.path.as_str(), first.from, first.keep_alive), ("/a", 10, true));
        let second = read_request(&mut reader).unwrap().unwrap();
        assert_eq!((second.method.as_str(), second.keep_alive), ("HEAD", false));
        assert!(read_request(&mut reader).unwrap().is_none());
    }
}
