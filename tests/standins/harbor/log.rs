//! The log container: takes what Docker's syslog driver sends and writes one
//! file per container.

use std::path::PathBuf;

use tokio::fs::OpenOptions;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::error::{Doing, Result};

const FOLDER: &str = "/var/log/docker";

/// Listens on port 10514, which the host sees as 127.0.0.1:1514.
pub async fn run() -> Result<()> {
    let listener = TcpListener::bind("0.0.0.0:10514").await.doing("listen")?;
    loop {
        let (stream, _) = listener.accept().await.doing("accept")?;
        tokio::spawn(async move {
            if let Err(error) = receive(stream).await {
                eprintln!("{error}");
            }
        });
    }
}

async fn receive(stream: TcpStream) -> Result<()> {
    let mut lines = BufReader::new(stream).split(b'\n');
    while let Some(line) = lines.next_segment().await.doing("read a message")? {
        let line = String::from_utf8_lossy(&line);
        let path = PathBuf::from(FOLDER).join(format!("{}.log", program(&line)));
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .await
            .doing(&format!("open {}", path.display()))?;
        file.write_all(format!("{}\n", without_priority(&line)).as_bytes())
            .await
            .doing("write a message")?;
    }
    Ok(())
}

fn without_priority(line: &str) -> &str {
    match line.split_once('>') {
        Some((priority, rest)) if priority.starts_with('<') => rest,
        _ => line,
    }
}

/// The tag of a message: the word before `[pid]:`, kept to safe characters.
fn program(line: &str) -> String {
    let head = line.split("]: ").next().unwrap_or_default();
    let word = head.split_whitespace().next_back().unwrap_or_default();
    let name: String = word
        .split('[')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    if name.is_empty() { "unknown".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::{program, without_priority};

    #[test]
    fn finds_the_container_of_a_message() {
        let line = "<30>Nov 22 23:00:01 node-a core[812]: [INFO] started: x]: y";
        assert_eq!(program(line), "core");
        assert_eq!(
            without_priority(line),
            "Nov 22 23:00:01 node-a core[812]: [INFO] started: x]: y"
        );
        assert_eq!(program("<30>1 a ../../etc/x[1]: b"), "etcx");
    }
}
