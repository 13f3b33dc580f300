//! What reads values, for `crate::untrusted`.

use super::{msgpack, values};
use crate::schema::Attribute;

/// Values as Terraform sends them; what was read is written too.
pub fn wire(attributes: &[Attribute], data: &[u8]) {
    if let Ok(Some(object)) = msgpack::decode_object(attributes, data) {
        let _ = values::encode(attributes, Some(object));
    }
}
