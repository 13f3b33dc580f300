//! The output of a framed command, as its events come.

use bytes::BytesMut;

use crate::host::channel::Event;
use crate::host::channel::frame::Frame;
use crate::host::connect::session::Session;
use crate::host::error::HostError;
use crate::host::run::output::OUTPUT_LIMIT;
use crate::host::settings::Login;

/// Takes the events of a framed command.
pub(in crate::host) struct Collector {
    pub frame: Frame,
    out: BytesMut,
    err: BytesMut,
    said_end: bool,
}

/// How it ended.
pub(in crate::host) enum End {
    /// With this status.
    Done(i32),
    /// With too much output.
    TooLong,
    /// Without its frame being complete.
    Ended,
}

impl Collector {
    pub fn new(word: &str) -> Self {
        Self {
            frame: Frame::new(word, OUTPUT_LIMIT),
            out: BytesMut::new(),
            err: BytesMut::new(),
            said_end: false,
        }
    }

    /// Takes one event; tells the end.
    pub fn take(&mut self, event: Event) -> Option<End> {
        match event {
            Event::Out(data) => self.out.extend_from_slice(&data),
            Event::Err(data) => self.err.extend_from_slice(&data),
            Event::Status(_) => self.said_end = true,
            Event::Eof => {}
            Event::Flood => return Some(End::TooLong),
            Event::End(_) => {
                self.frame.out.finish(&mut self.out);
                self.frame.err.finish(&mut self.err);
                return Some(End::Ended);
            }
        }
        let taken = self.frame.out.take(&mut self.out);
        if taken.and(self.frame.err.take(&mut self.err)).is_err() {
            return Some(End::TooLong);
        }
        self.frame.status().map(End::Done)
    }

    /// The error for an end without a complete frame.
    pub fn broken(&self, session: &Session, login: &Login, doing: &str) -> HostError {
        match session.lost_reason() {
            Some(reason) => session.lost_error(doing, reason),
            None if self.frame.begun() => {
                session.lost_error(doing, "its shell was ended from outside")
            }
            None if self.said_end => login.explain(&session.name, &self.frame.noise()),
            None => session.lost_error(doing, "the server closed the channel"),
        }
    }
}
