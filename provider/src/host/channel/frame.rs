//! Tells a command's output from everything else on its channel: both streams carry a line with a
//! random word before and after it. Nothing printed in between can be mistaken for the end,
//! because the word stands nowhere that a command can read.

use bytes::{Buf, BytesMut};
use ring::rand::{SecureRandom, SystemRandom};

/// Bytes of standard error that are kept, from its end.
pub(in crate::host) const STDERR_TAIL: usize = 64 << 10;

/// Bytes of noise (greetings of login scripts) that are kept for an error message.
const NOISE: usize = 4 << 10;

/// Bytes that may come on one stream behind a frame which is not complete on the other.
const BEHIND: usize = 16 << 20;

/// More than any exit status has.
const DIGITS: usize = 16;

/// A random word of 32 hexadecimal digits.
pub(crate) fn nonce() -> String {
    let mut bytes = [0u8; 16];
    // The system's generator fails on no platform that runs Terraform; were it to, the frame
    // would only lose its protection against output that forges its end.
    let _ = SystemRandom::new().fill(&mut bytes);
    hex(&bytes)
}

/// Two lower-case digits for each byte.
pub(in crate::host) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| char::from_digit(u32::from(nibble), 16))
        .collect()
}

/// Shell text that prints the opening lines. The word is split, so that a listing of processes
/// that shows this text is no frame.
pub(in crate::host) fn opening(nonce: &str) -> String {
    let (a, b) = nonce.split_at(16);
    format!("printf 'bw-begin-%s%s\\n' {a} {b}; printf 'bw-begin-%s%s\\n' {a} {b} >&2\n")
}

/// Shell text that prints the closing lines with the status in `$bw_rc`.
pub(in crate::host) fn closing(nonce: &str) -> String {
    let (a, b) = nonce.split_at(16);
    format!(
        "printf 'bw-end-%s%s:%d\\n' {a} {b} \"$bw_rc\"; \
         printf 'bw-end-%s%s:%d\\n' {a} {b} \"$bw_rc\" >&2\n"
    )
}

/// Shell text that runs `command` within its lines.
pub(in crate::host) fn framed(nonce: &str, command: &str) -> String {
    format!("{}{command}; bw_rc=$?\n{}", opening(nonce), closing(nonce))
}

/// What stands within the lines of this word, and the status; the stream goes on behind them. It
/// stays where it is if they are not there.
pub(in crate::host) fn unframe<'a>(stream: &mut &'a [u8], nonce: &str) -> Option<(i32, &'a [u8])> {
    let text: &'a [u8] = stream;
    let (begin, end) = (begin_line(nonce), end_line(nonce));
    let from = find(text, &begin)? + begin.len();
    let inside = find(&text[from..], &end)?;
    let after = &text[from + inside + end.len()..];
    let line = after.iter().position(|&byte| byte == b'\n')?;
    *stream = &after[line + 1..];
    Some((status(&after[..line]), &text[from..from + inside]))
}

fn begin_line(nonce: &str) -> Vec<u8> {
    format!("bw-begin-{nonce}\n").into_bytes()
}

fn end_line(nonce: &str) -> Vec<u8> {
    format!("bw-end-{nonce}:").into_bytes()
}

fn status(digits: &[u8]) -> i32 {
    String::from_utf8_lossy(digits).parse().unwrap_or(255)
}

/// The output of one command, while it comes.
#[derive(Debug)]
pub(in crate::host) struct Frame {
    pub out: Side,
    pub err: Side,
}

/// More output than the bound.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::host) struct Overflow;

/// One of the two streams.
#[derive(Debug)]
pub(in crate::host) struct Side {
    begin: Vec<u8>,
    end: Vec<u8>,
    begun: bool,
    status: Option<i32>,
    /// What was printed inside the frame.
    pub data: Vec<u8>,
    /// What came before it.
    pub noise: Vec<u8>,
    bound: OutputLimit,
}

#[derive(Clone, Copy, Debug)]
enum OutputLimit {
    AtMost(usize),
    Tail(usize),
}

impl Frame {
    /// A frame that refuses more than `limit` bytes of standard output.
    pub fn new(nonce: &str, limit: usize) -> Self {
        let side = |bound| Side {
            begin: begin_line(nonce),
            end: end_line(nonce),
            begun: false,
            status: None,
            data: Vec::new(),
            noise: Vec::new(),
            bound,
        };
        Self { out: side(OutputLimit::AtMost(limit)), err: side(OutputLimit::Tail(STDERR_TAIL)) }
    }

    /// Whether the command has begun.
    pub fn begun(&self) -> bool {
        self.out.begun || self.err.begun
    }

    /// The exit status, once both streams are complete.
    pub fn status(&self) -> Option<i32> {
        self.err.status.and(self.out.status)
    }

    /// What was said by whoever ended before the command began.
    pub fn noise(&self) -> String {
        let out = String::from_utf8_lossy(&self.out.noise);
        let err = String::from_utf8_lossy(&self.err.noise);
        format!("{} {}", out.trim(), err.trim())
    }
}

impl Side {
    /// Takes what belongs to this frame from the front of `input`; what follows it stays there.
    pub fn take(&mut self, input: &mut BytesMut) -> Result<(), Overflow> {
        if self.status.is_some() {
            return if input.len() > BEHIND { Err(Overflow) } else { Ok(()) };
        }
        if !self.begun {
            let Some(at) = find(input, &self.begin) else {
                let safe = input.len().saturating_sub(self.begin.len() - 1);
                self.keep_noise(&input[..safe]);
                input.advance(safe);
                return Ok(());
            };
            self.keep_noise(&input[..at]);
            input.advance(at + self.begin.len());
            self.begun = true;
        }
        self.take_inside(input)
    }

    fn take_inside(&mut self, input: &mut BytesMut) -> Result<(), Overflow> {
        let Some(at) = find(input, &self.end) else {
            let safe = input.len().saturating_sub(self.end.len() - 1);
            let data = input.split_to(safe);
            return self.keep(&data);
        };
        let data = input.split_to(at);
        self.keep(&data)?;
        let longest = input.len().min(self.end.len() + DIGITS);
        let Some(line) = input[..longest].iter().position(|&byte| byte == b'\n') else {
            return if longest < input.len() { Err(Overflow) } else { Ok(()) };
        };
        self.status = Some(status(&input[self.end.len()..line]));
        input.advance(line + 1);
        Ok(())
    }

    /// At the end of the stream: what is left in `input` is output or noise too.
    pub fn finish(&mut self, input: &mut BytesMut) {
        let rest = input.split();
        if self.begun {
            let _ = self.keep(&rest);
        } else {
            self.keep_noise(&rest);
        }
    }

    fn keep(&mut self, data: &[u8]) -> Result<(), Overflow> {
        self.data.extend_from_slice(data);
        match self.bound {
            OutputLimit::AtMost(limit) if self.data.len() > limit => Err(Overflow),
            OutputLimit::Tail(tail) if self.data.len() > 2 * tail => {
                self.data.drain(..self.data.len() - tail);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn keep_noise(&mut self, data: &[u8]) {
        let room = NOISE.saturating_sub(self.noise.len());
        self.noise.extend_from_slice(&data[..data.len().min(room)]);
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NONCE: &str = "0123456789abcdef0123456789abcdef";

    proptest! {
        #[test]
        fn output_survives_any_splitting(
            noise in prop::collection::vec(any::<u8>(), 0..40),
            output in prop::collection::vec(any::<u8>(), 0..200),
            next in prop::collection::vec(any::<u8>(), 0..40),
            chunk in 1usize..50,
        ) {
            let stream = [
                &noise[..], format!("bw-begin-{NONCE}\n").as_bytes(), &output,
                format!("bw-end-{NONCE}:7\n").as_bytes(), &next,
            ].concat();
            let mut frame = Frame::new(NONCE, 1 << 20);
            let mut input = BytesMut::new();
            for piece in stream.chunks(chunk) {
                input.extend_from_slice(piece);
                frame.out.take(&mut input).expect("within the bound");
            }
            prop_assert_eq!(frame.out.status, Some(7));
            prop_assert_eq!(&frame.out.data, &output);
            prop_assert_eq!(&input[..], &next[..]);
        }
    }

    #[test]
    fn more_than_the_bound_is_an_error_and_stderr_keeps_its_tail() {
        let mut frame = Frame::new(NONCE, 10);
        let mut input = BytesMut::from(format!("bw-begin-{NONCE}\n{}", "x".repeat(99)).as_bytes());
        assert_eq!(frame.out.take(&mut input), Err(Overflow));
        let mut long = BytesMut::from(format!("bw-begin-{NONCE}\n").as_bytes());
        long.extend_from_slice(&vec![b'a'; 3 * STDERR_TAIL]);
        long.extend_from_slice(format!("the end\nbw-end-{NONCE}:0\n").as_bytes());
        assert_eq!(frame.err.take(&mut long), Ok(()));
        assert!(frame.err.data.len() <= 2 * STDERR_TAIL);
        assert!(frame.err.data.ends_with(b"the end\n"));
    }

    #[test]
    fn the_shell_text_itself_is_no_frame() {
        let text = format!("bw-begin-{NONCE}\n{}{}", opening(NONCE), closing(NONCE));
        let mut frame = Frame::new(NONCE, 1 << 20);
        frame.out.take(&mut BytesMut::from(text.as_bytes())).expect("within the bound");
        assert_eq!(frame.out.status, None);
    }
}
