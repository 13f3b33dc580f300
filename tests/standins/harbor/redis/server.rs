//! The bundled Redis: as much of a server as the stand-in's own parts use.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Reply, read_reply};
use crate::error::{Doing, Result};

#[derive(Default)]
struct Store {
    values: HashMap<String, (String, Option<Instant>)>,
    lists: HashMap<String, VecDeque<String>>,
}

/// Serves port 6379 until it is stopped.
pub async fn run() -> Result<()> {
    serve(TcpListener::bind("0.0.0.0:6379").await.doing("listen")?).await
}

/// Serves a port. Nothing is kept on disk, and there is no password.
pub async fn serve(listener: TcpListener) -> Result<()> {
    let store = Arc::new(Mutex::new(Store::default()));
    loop {
        let (stream, _) = listener.accept().await.doing("accept")?;
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            // A client that hangs up is no news.
            let _ = converse(stream, &store).await;
        });
    }
}

async fn converse(stream: TcpStream, store: &Mutex<Store>) -> Result<()> {
    let mut stream = BufReader::new(stream);
    let mut index = "0".to_owned();
    while let Reply::Many(words) = read_reply(&mut stream).await? {
        let words: Vec<String> = words.into_iter().filter_map(Reply::text).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let answer = if let ["SELECT", number] = words.as_slice() {
            (*number).clone_into(&mut index);
            "+OK\r\n".to_owned()
        } else {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            store.answer(&index, &words)
        };
        stream.write_all(answer.as_bytes()).await.doing("answer")?;
    }
    Ok(())
}

impl Store {
    fn answer(&mut self, index: &str, words: &[&str]) -> String {
        let name = |key: &str| format!("{index}:{key}");
        match words {
            ["PING"] => "+PONG\r\n".to_owned(),
            ["GET", key] => bulk(self.value(&name(key))),
            ["SETEX", key, seconds, value] => {
                let lifetime = Duration::from_secs(seconds.parse().unwrap_or(0));
                let entry = ((*value).to_owned(), Some(Instant::now() + lifetime));
                self.values.insert(name(key), entry);
                "+OK\r\n".to_owned()
            }
            ["DEL", key] => {
                let removed = self.values.remove(&name(key)).is_some();
                format!(":{}\r\n", u8::from(removed))
            }
            ["RPUSH", key, value] => {
                let list = self.lists.entry(name(key)).or_default();
                list.push_back((*value).to_owned());
                format!(":{}\r\n", list.len())
            }
            ["LPOP", key] => bulk(self.lists.get_mut(&name(key)).and_then(VecDeque::pop_front)),
            _ => "-ERR unknown command\r\n".to_owned(),
        }
    }

    fn value(&self, key: &str) -> Option<String> {
        let (value, end) = self.values.get(key)?;
        end.is_none_or(|end| end > Instant::now()).then(|| value.clone())
    }
}

fn bulk(value: Option<String>) -> String {
    value.map_or_else(|| "$-1\r\n".to_owned(), |value| format!("${}\r\n{value}\r\n", value.len()))
}
