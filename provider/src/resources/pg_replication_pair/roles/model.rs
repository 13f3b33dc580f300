//! A model of two servers, on which the table and the steps are tried.
//!
//! [`sim`] is one server, [`world`] both with their clients. [`effects`] says what the script of each
//! step does, [`acts`] does that to the model, [`applies`] runs an apply, and cuts it off. What goes
//! wrong is kept in a list, so that a test can also ask for it: of a table that lacks a row, and of
//! steps that lack an effect.

mod acts;
mod applies;
mod effects;
mod needed;
mod scripts;
mod sequences;
mod sim;
mod states;
mod world;
