//! What reads the bytes of a host, for `crate::untrusted`.

use bytes::BytesMut;

use crate::host::channel::frame::{Frame, unframe};
use crate::host::connect::key::KeyBlob;
use crate::host::connect::known_hosts::KnownHosts;
use crate::host::run::{job, output::Output, shell, transfer};

const WORD: &str = "0123456789abcdef0123456789abcdef";

/// Framed output, in pieces whose size the first byte says.
pub fn frames(data: &[u8]) {
    let (size, data) = data.split_first().unwrap_or((&1, data));
    let mut frame = Frame::new(WORD, 1000);
    let (mut out, mut err) = (BytesMut::new(), BytesMut::new());
    for piece in data.chunks(usize::from(*size).max(1)) {
        out.extend_from_slice(piece);
        err.extend_from_slice(piece);
        if frame.out.take(&mut out).is_err() || frame.err.take(&mut err).is_err() {
            break;
        }
    }
    let _ = (frame.status(), frame.begun(), frame.noise());
    frame.out.finish(&mut out);
    frame.err.finish(&mut err);
    let mut rest = data;
    while unframe(&mut rest, WORD).is_some() {}
    shell::find_pid(data);
}

/// Files of host keys, and the names that are looked up in them.
pub fn known_hosts(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let known = KnownHosts::parse(&text, "known_hosts");
    let key = KeyBlob::from_openssh(&text).unwrap_or(KeyBlob(data.to_vec()));
    let host = text.lines().next().unwrap_or_default();
    for (host, port) in [(host, 22), (host, 2222), ("10.0.0.1", 22), ("", 0)] {
        let _ = known.judge(host, port, &key);
        drop((known.authorities(host, port), known.algorithms(host, port)));
    }
}

/// A key as a user writes it.
pub fn key(text: &str) -> Option<String> {
    KeyBlob::from_openssh(text).map(|key| format!("{} {}", key.to_openssh(), key.fingerprint()))
}

/// Lists of files, and results of jobs.
pub fn lists(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = transfer::listed(&text, crate::wal::is_file);
    text.lines().for_each(|line| drop(transfer::existing(line)));
    let output = Output { status: 0, stdout_bytes: data.to_vec(), stderr_bytes: data.to_vec() };
    let _ = job::unpack(output, "h", "do it");
}
