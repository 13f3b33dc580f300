//! What no plan case can say of a pair.

mod attacked;
mod decoys;
