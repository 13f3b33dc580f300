//! The protocol of Redis (RESP 2), as far as a login needs it.

use std::fmt::Write as _;

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
};
use zeroize::Zeroizing;

/// Bytes of a line or a text; a login is answered with far less.
const LONGEST: usize = 4096;
/// Parts of an answer.
const MOST: usize = 64;

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Text(String),
    /// Its own words: `WRONGPASS invalid username-password pair`.
    Error(String),
    Nothing,
    Many(Vec<Reply>),
}

/// One command and its answer; the error says why there is none.
pub(super) async fn call<S>(stream: &mut S, words: &[&str]) -> Result<Reply, String>
where
    S: AsyncBufRead + AsyncWrite + Unpin,
{
    let room = words.iter().fold(16_usize, |room, word| room.saturating_add(word.len() + 32));
    // In one piece from the start, so that no part of it is left behind in memory. Writing to it
    // cannot fail.
    let mut text = Zeroizing::new(String::with_capacity(room));
    let _ = write!(text, "*{}\r\n", words.len());
    for word in words {
        let _ = write!(text, "${}\r\n{word}\r\n", word.len());
    }
    stream.write_all(text.as_bytes()).await.map_err(|e| e.to_string())?;
    stream.flush().await.map_err(|e| e.to_string())?;
    match reply(stream).await? {
        Part::Whole(reply) => Ok(reply),
        Part::Array(length) => {
            let mut parts = Vec::new();
            for _ in 0..length {
                match reply(stream).await? {
                    Part::Whole(part) => parts.push(part),
                    Part::Array(_) => return Err("it answers with lists in a list".to_owned()),
                }
            }
            Ok(Reply::Many(parts))
        }
    }
}

enum Part {
    Whole(Reply),
    /// So many follow.
    Array(usize),
}

async fn reply<S: AsyncBufRead + Unpin>(stream: &mut S) -> Result<Part, String> {
    let line = line(stream).await?;
    let mut letters = line.chars();
    let kind = letters.next();
    let rest = letters.as_str();
    Ok(Part::Whole(match kind {
        Some('+' | ':') => Reply::Text(rest.to_owned()),
        Some('-') => Reply::Error(rest.to_owned()),
        Some('$' | '*') if rest == "-1" => Reply::Nothing,
        Some('$') => text(stream, length(rest, LONGEST)?).await.map(Reply::Text)?,
        Some('*') => return Ok(Part::Array(length(rest, MOST)?)),
        _ => return Err("what answers is no Redis".to_owned()),
    }))
}

fn length(text: &str, most: usize) -> Result<usize, String> {
    let length = text.parse::<usize>().ok().filter(|length| *length <= most);
    length.ok_or_else(|| "what answers is no Redis".to_owned())
}

async fn line<S: AsyncBufRead + Unpin>(stream: &mut S) -> Result<String, String> {
    let mut line = Vec::new();
    let mut bounded = stream.take(LONGEST as u64);
    bounded.read_until(b'\n', &mut line).await.map_err(|e| e.to_string())?;
    match line.strip_suffix(b"\r\n") {
        Some(line) => Ok(String::from_utf8_lossy(line).into_owned()),
        None if line.is_empty() => Err("it closed the connection".to_owned()),
        None => Err("what answers is no Redis".to_owned()),
    }
}

async fn text<S: AsyncBufRead + Unpin>(stream: &mut S, length: usize) -> Result<String, String> {
    let mut bytes = vec![0; length.saturating_add(2)];
    stream.read_exact(&mut bytes).await.map_err(|e| e.to_string())?;
    bytes.truncate(length);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
