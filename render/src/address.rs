//! Names, addresses, ports and URLs as users write them. Each function says what is wrong in a
//! sentence.

use std::net::{IpAddr, Ipv6Addr};

/// What is wrong with a value, for its user.
pub type Judged<T = ()> = Result<T, String>;

fn refuse<T>(why: impl Into<String>) -> Judged<T> {
    Err(why.into())
}

/// The name or the address of a host, and nothing else: no port, no user, no URL.
pub fn host(text: &str) -> Judged {
    if text.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    if text.starts_with('[') {
        return refuse("write an IPv6 address without brackets, and its port apart");
    }
    bare(text)?;
    name(text.strip_suffix('.').unwrap_or(text))
}

/// What is around a name where only the name should be.
fn bare(text: &str) -> Judged {
    if text.is_empty() {
        return refuse("must not be empty");
    }
    if text.contains("://") {
        return refuse("is a URL: write the name alone, without its scheme, port and path");
    }
    if text.contains('@') {
        return refuse("holds a user: write the name or address alone");
    }
    if text.contains('/') {
        return refuse("holds a path or a prefix length: write the name or address alone");
    }
    if text.contains(',') {
        return refuse("must be one name or address, not a list");
    }
    match text.split_once(':') {
        Some((_, rest)) if rest.contains(':') => refuse("is no IPv6 address"),
        Some(_) => refuse("holds a port: write the name or address alone"),
        None => Ok(()),
    }
}

/// A name of RFC 1123, with `_` as hosts in private zones have it.
fn name(text: &str) -> Judged {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.chars().all(fits)
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    if text.len() > 253 || !text.split('.').all(label) {
        return refuse(
            "is no name of a host: letters, digits and - in labels of 1 to 63 characters, divided \
             by dots",
        );
    }
    let last = text.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return refuse("is neither an IP address nor a name: a name's last label is no number");
    }
    Ok(())
}

/// Whether an address is this host's own, which is another in each container.
pub fn is_loopback(text: &str) -> bool {
    let text = text.trim_matches(['[', ']']);
    text.eq_ignore_ascii_case("localhost")
        || text.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

/// The name that clients of a registry use. Docker takes a `_` in it for no registry, and an IPv6
/// address needs its brackets in the URLs that are made of it.
pub fn registry_name(text: &str) -> Judged {
    if is_loopback(text) {
        return refuse("must be a name that clients can reach, not this host's own loopback");
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return refuse("is an IPv6 address: write it in brackets, as in URLs");
    }
    if bracketed(text).is_some() {
        return Ok(());
    }
    host(text)?;
    if text.contains('_') || text.ends_with('.') {
        return refuse("is no name of a registry to Docker: it must not hold _ or end with a dot");
    }
    Ok(())
}

fn bracketed(text: &str) -> Option<Ipv6Addr> {
    text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`: the two parts.
pub fn host_port(text: &str) -> Judged<(&str, Option<u16>)> {
    if text.parse::<Ipv6Addr>().is_ok() {
        return refuse("is an IPv6 address: write it in brackets");
    }
    if text.contains("://") {
        return host(text).map(|()| (text, None));
    }
    let (place, number) = match text.rfind(':') {
        Some(at) if !text.ends_with(']') => (&text[..at], Some(&text[at + 1..])),
        _ => (text, None),
    };
    if bracketed(place).is_none() {
        host(place)?;
    }
    number.map(port).transpose().map(|number| (place, number))
}

fn port(text: &str) -> Judged<u16> {
    match text.parse::<u16>() {
        Ok(port) if port > 0 && text.bytes().all(|b| b.is_ascii_digit()) => Ok(port),
        _ => refuse(format!("has the port {text:?}: a port is a number from 1 to 65535")),
    }
}

/// A URL's parts that matter here.
#[derive(Debug, PartialEq, Eq)]
pub struct Url<'a> {
    /// `https`
    pub scheme: &'a str,
    /// User, with the password where there is one.
    pub user: Option<&'a str>,
    /// Name or address; of IPv6 with its brackets.
    pub host: &'a str,
    /// Port, where one is named.
    pub port: Option<u16>,
    /// From the first `/`, `?` or `#` on.
    pub rest: &'a str,
}

/// A URL of one of these schemes. It never says what stands before an `@`.
pub fn url<'a>(text: &'a str, schemes: &[&str]) -> Judged<Url<'a>> {
    let Some((scheme, after)) = text.split_once("://") else {
        return refuse(format!("is no URL: it must start with {}", starts(schemes)));
    };
    if !schemes.contains(&scheme) {
        return refuse(format!("must start with {}", starts(schemes)));
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return refuse("must not hold space");
    }
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let (authority, rest) = after.split_at(end);
    let (user, place) =
        authority.rsplit_once('@').map_or((None, authority), |(u, place)| (Some(u), place));
    let (host, port) = host_port(place)?;
    Ok(Url { scheme, user, host, port, rest })
}

fn starts(schemes: &[&str]) -> String {
    schemes.iter().map(|s| format!("{s}://")).collect::<Vec<_>>().join(" or ")
}

/// A web address without user, path, query or a slash at its end: what Harbor puts its own paths
/// behind.
pub fn origin(text: &str) -> Judged<Url<'_>> {
    let url = url(text, &["https", "http"])?;
    if url.user.is_some() {
        return refuse("must not hold a user or a password");
    }
    if url.rest == "/" {
        return refuse("must not end with a slash: paths are put behind it as they are");
    }
    if !url.rest.is_empty() {
        return refuse(
            "must not hold a path: Harbor serves its API, tokens and images at the root",
        );
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names() -> impl Strategy<Value = String> {
        let label = "[a-z]([a-z0-9-]{0,20}[a-z0-9])?";
        prop::collection::vec(label, 1..4).prop_map(|labels| labels.join("."))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_name_is_taken_alone_and_a_port_where_one_belongs(
            name in names(), port in 1..=u16::MAX, more in "[a-z]{1,8}",
        ) {
            prop_assert_eq!(host(&name), Ok(()));
            let with_port = format!("{name}:{port}");
            prop_assert!(host(&with_port).is_err());
            prop_assert_eq!(host_port(&with_port), Ok((name.as_str(), Some(port))));
            prop_assert_eq!(host_port(&name), Ok((name.as_str(), None)));
            for origin_of in [&name, &with_port] {
                let url = format!("https://{origin_of}");
                prop_assert_eq!(origin(&url).map(|u| (u.host, u.rest)), Ok((name.as_str(), "")));
                for wrong in [
                    format!("{url}/"),
                    format!("{url}/{more}"),
                    format!("{url}?{more}"),
                    format!("https://{more}@{origin_of}"),
                    format!("{more}x://{origin_of}"),
                    format!("https://{with_port}:{port}"),
                    origin_of.clone(),
                ] {
                    prop_assert!(origin(&wrong).is_err(), "{}", wrong);
                }
                for wrong in [url.clone(), format!("{more}@{name}"), format!("{name}/{more}")] {
                    prop_assert!(host(&wrong).is_err(), "{}", wrong);
                }
            }
        }

        #[test]
        fn nothing_that_is_written_ends_in_a_panic(text in any::<String>(), odd in "[\\[\\]:@/.,é0-9a]{0,12}") {
            for text in [&text, &odd, &format!("https://{odd}")] {
                let _ = (host(text), registry_name(text), is_loopback(text));
                let _ = (host_port(text), origin(text), url(text, &["https"]));
            }
        }
    }

    const HOSTS: &[(&str, &str)] = &[
        ("harbor.example.com", "ok"),
        ("a", "ok"),
        ("db_1.internal.", "ok"),
        ("10.0.1.11", "ok"),
        ("2001:db8::1", "ok"),
        ("", "empty"),
        ("[2001:db8::1]", "without brackets"),
        ("harbor.example.com:8443", "holds a port"),
        ("10.0.1.11:5433", "holds a port"),
        ("2001:db8:::1", "no IPv6 address"),
        ("https://harbor.example.com", "URL"),
        ("root@10.0.1.11", "user"),
        ("10.0.1.0/24", "prefix"),
        ("a,b", "list"),
        ("a..b", "no name"),
        ("-a.example", "no name"),
        ("a b", "no name"),
        ("10.0.1.300", "neither"),
        ("10.0.1", "neither"),
    ];

    fn verdict<T>(result: Judged<T>) -> String {
        result.map_or_else(|why| why, |_| "ok".to_owned())
    }

    #[test]
    fn hosts() {
        for (text, wanted) in HOSTS {
            let got = verdict(host(text));
            assert!(got.contains(wanted), "{text}: {got}");
        }
    }

    #[test]
    fn names_of_registries() {
        for (text, wanted) in [
            ("harbor.example.com", "ok"),
            ("10.0.1.10", "ok"),
            ("[2001:db8::1]", "ok"),
            ("2001:db8::1", "brackets"),
            ("localhost", "loopback"),
            ("127.0.0.2", "loopback"),
            ("[::1]", "loopback"),
            ("0.0.0.0", "loopback"),
            ("my_harbor.example.com", "Docker"),
            ("harbor.example.com.", "Docker"),
            ("harbor.example.com:8443", "holds a port"),
        ] {
            let got = verdict(registry_name(text));
            assert!(got.contains(wanted), "{text}: {got}");
        }
    }

    #[test]
    fn origins() {
        for (text, wanted) in [
            ("https://harbor.example.com", "ok"),
            ("http://10.0.1.10:8080", "ok"),
            ("https://[2001:db8::1]:8443", "ok"),
            ("harbor.example.com", "no URL"),
            ("ftp://harbor.example.com", "must start with https:// or http://"),
            ("HTTPS://harbor.example.com", "must start with"),
            ("https://", "empty"),
            ("https://harbor.example.com/", "slash"),
            ("https://harbor.example.com/harbor", "path"),
            ("https://harbor.example.com?a=b", "path"),
            ("https://user:pw@harbor.example.com", "user"),
            ("https://harbor.example.com:99999", "99999"),
            ("https://harbor.example.com:0", "from 1"),
            ("https://harbor.example.com:+80", "from 1"),
            ("https://harbor.example.com:", "from 1"),
            ("https://2001:db8::1", "brackets"),
            ("https://a b", "space"),
        ] {
            let got = verdict(origin(text));
            assert!(got.contains(wanted), "{text}: {got}");
        }
    }

    #[test]
    fn the_parts_of_a_url() {
        let url = url("http://u:p@s@proxy.example:3128/x", &["http"]).expect("a URL");
        assert_eq!((url.user, url.host, url.port), (Some("u:p@s"), "proxy.example", Some(3128)));
        assert_eq!((url.scheme, url.rest), ("http", "/x"));
    }
}
