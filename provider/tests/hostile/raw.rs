//! Servers that do not speak SSH, or do so wrongly.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::server::ESC;

pub const MODES: [&str; 11] = [
    "silent",
    "banner_lines",
    "banner_noeol",
    "drip",
    "garbage",
    "hugepkt",
    "zeropkt",
    "nul_banner",
    "close",
    "http",
    "esc_banner",
];

pub async fn serve(mode: &str, mut stream: TcpStream) {
    let endless = |text: &'static [u8]| text.repeat(1000);
    let (first, again) = match mode {
        "banner_lines" => (Vec::new(), endless(b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n")),
        "banner_noeol" => (Vec::new(), endless(b"xxxxxxxxxxxxxxxx")),
        "garbage" => {
            let noise = (0u32..1 << 20).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0]);
            (b"SSH-2.0-x\r\n".iter().copied().chain(noise).collect(), Vec::new())
        }
        "hugepkt" => (b"SSH-2.0-x\r\n\x7f\xff\xff\xff".to_vec(), vec![0; 65_536]),
        "zeropkt" => ([&b"SSH-2.0-x\r\n"[..], &[0; 4096]].concat(), Vec::new()),
        "nul_banner" => ([&[0; 200][..], b"SSH-2.0-\xff\xfe\0x\r\n"].concat(), Vec::new()),
        "http" => (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), Vec::new()),
        "esc_banner" => (format!("{ESC}\r\nSSH-2.0-{ESC}\r\n").into_bytes(), vec![]),
        "drip" => return drip(stream).await,
        "close" => return,
        _ => (Vec::new(), Vec::new()),
    };
    let _ = stream.write_all(&first).await;
    if mode == "http" {
        return;
    }
    while !again.is_empty() && stream.write_all(&again).await.is_ok() {}
    tokio::time::sleep(Duration::from_secs(60)).await;
}

async fn drip(mut stream: TcpStream) {
    for byte in b"SSH-2.0-".iter().chain(&[b'a'; 200]) {
        if stream.write_all(&[*byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
