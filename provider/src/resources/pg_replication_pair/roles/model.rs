//! A model of two servers, on which the table is tried: [`sim`] is one server, [`world`] both with
//! their clients, [`applies`] what a change of roles does to them. What goes wrong is kept in a list,
//! so that a test can also ask for it: of a table that lacks a row.

mod applies;
mod sequences;
mod sim;
mod states;
mod world;
