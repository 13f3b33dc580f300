//! Positions in a server's WAL, as `PostgreSQL` prints them.

/// `16/B374D848` as a number of bytes.
pub fn parse(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    let half = |hex| u32::from_str_radix(hex, 16).ok().map(u64::from);
    Some((half(high)? << 32) | half(low)?)
}

/// A number of bytes as `16/B374D848`.
pub fn print(bytes: u64) -> String {
    format!("{:X}/{:X}", bytes >> 32, bytes & 0xFFFF_FFFF)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(bytes: u64) {
            prop_assert_eq!(parse(&print(bytes)), Some(bytes));
        }
    }

    #[test]
    fn what_no_server_prints_is_no_position() {
        for text in ["", "/", "0", "0/", "1FFFFFFFF/0", "0/100000000", "-1/0", "0/0/0", "g/0"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
