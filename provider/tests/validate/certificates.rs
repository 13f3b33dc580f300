//! Certificates, made here, each with one thing wrong.

use std::time::{Duration, SystemTime};

use provider::diag::Severity;
use provider::value::{Object, Value};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::{Table, lines, table};

type Issuer = CertifiedIssuer<'static, KeyPair>;

const NAME: &str = "registry.example.com";

fn authority(name: &str, by: Option<&Issuer>) -> Issuer {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    match by {
        Some(by) => CertifiedIssuer::signed_by(params, key, by).expect("made"),
        None => CertifiedIssuer::self_signed(params, key).expect("made"),
    }
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.distinguished_name.push(DnType::CommonName, NAME);
    params
}

/// Certificate and key.
fn signed(by: &Issuer, params: &CertificateParams) -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    (params.signed_by(&key, by).expect("made").pem(), key.serialize_pem())
}

/// Valid for the time between these days from now.
fn between(from: i64, to: i64) -> CertificateParams {
    let day = |days: i64| {
        let by = Duration::from_secs(days.unsigned_abs() * 86_400);
        let now = SystemTime::now();
        if days < 0 { now - by } else { now + by }
    };
    let mut params = params(&[NAME]);
    params.not_before = day(from).into();
    params.not_after = day(to).into();
    params
}

fn text(object: &[(&str, &str)]) -> Value {
    let pairs = object.iter().map(|(k, v)| ((*k).to_owned(), Value::from(*v)));
    Value::Map(pairs.collect())
}

/// What is said of a configuration, as `severity path: text`.
fn said(table: &Table, config: Object) -> Vec<String> {
    let word = |s| if s == Severity::Error { "error" } else { "warning" };
    let diags = table.diags(config);
    diags.iter().map(|d| format!("{} {}", word(d.severity), lines(&[d]).trim())).collect()
}

#[track_caller]
fn expect(said: &[String], wanted: &[&str]) {
    assert_eq!(said.len(), wanted.len(), "{said:#?}");
    for (said, wanted) in said.iter().zip(wanted) {
        let (place, words) = wanted.split_once(" | ").expect("a place and words");
        assert!(said.starts_with(place) && said.contains(words), "{said} instead of {wanted}");
    }
}

#[test]
fn of_a_node() {
    let node = table("harbor_ha_node");
    let top = authority("root", None);
    let middle = authority("middle", Some(&top));
    let (leaf, key) = signed(&middle, &params(&[NAME]));
    let (other, other_key) = signed(&middle, &params(&["other.example.com"]));
    let (bare, bare_key) = signed(&middle, &params(&[]));
    let (wild, wild_key) = signed(&middle, &params(&["*.example.com"]));
    let (old, old_key) = signed(&middle, &between(-30, -1));
    let (late, late_key) = signed(&middle, &between(3, 30));
    let (soon, soon_key) = signed(&middle, &between(-30, 5));
    let chain = |leaf: &str| format!("{leaf}{}", middle.pem());
    let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let crt = "error https.certificate: ";
    let not = "error https.private_key_wo: ";
    let say = |place: &str, words: &str| format!("{place}| {words}");
    let ok: Vec<String> = Vec::new();
    let cases: Vec<(String, String, Vec<String>)> = vec![
        (chain(&leaf), key.clone(), ok.clone()),
        (chain(&wild), wild_key, ok.clone()),
        (leaf.replace('\n', "\r\n"), key.clone(), ok),
        (
            chain(&other),
            other_key.clone(),
            vec![say(crt, "other.example.com, and not for registry")],
        ),
        (chain(&bare), bare_key, vec![say(crt, "no subject alternative name")]),
        (chain(&old), old_key, vec![say(crt, "expired at")]),
        (chain(&late), late_key, vec![say(crt, "not valid before")]),
        (chain(&soon), soon_key, vec![say("warning https.certificate: ", "expires at")]),
        (format!("{}{leaf}", middle.pem()), key.clone(), vec![say(crt, "must come first")]),
        (
            format!("{leaf}{}", top.pem()),
            key.clone(),
            vec![say("warning https.certificate: ", "has not signed")],
        ),
        (format!("{leaf}{junk}"), key.clone(), vec![say(crt, "Certificate 2")]),
        (format!("{leaf}{key}"), key.clone(), vec![say(crt, "private key, which would stand")]),
        (chain(&leaf), other_key.clone(), vec![say(not, "not the key of")]),
        (chain(&leaf), format!("{key}{other_key}"), vec![say(not, "2 private keys")]),
        (chain(&leaf), key.replace(" PRIVATE", " ENCRYPTED PRIVATE"), vec![say(not, "encrypted")]),
        (chain(&leaf), leaf.clone(), vec![say(not, "must be a private key")]),
    ];
    for (certificate, key, wanted) in cases {
        let mut config = node.config();
        let https = text(&[("certificate", &certificate), ("private_key_wo", &key)]);
        config.insert("https".to_owned(), https);
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        expect(&said(&node, config), &wanted);
    }
}

#[test]
fn of_a_node_before_others() {
    let node = table("harbor_ha_node");
    let (top, other) = (authority("root", None), authority("other", None));
    let (leaf, key) = signed(&top, &params(&[NAME]));
    let with = |trust: &str, url: &str| {
        let mut config = node.config();
        let https = [("certificate", &*leaf), ("private_key_wo", &*key), ("trust", trust)];
        config.insert("https".to_owned(), text(&https));
        config.insert("external_url".to_owned(), url.into());
        said(&node, config)
    };
    let here = "https://registry.example.com";
    expect(&with(&top.pem(), here), &[]);
    expect(&with(&format!("{}{}", other.pem(), top.pem()), here), &[]);
    expect(&with(&other.pem(), here), &["error https.certificate: | does not lead to https.trust"]);
    let outside = with(&top.pem(), "https://hub.example.com:8443");
    expect(&outside, &["warning external_url: | not for hub.example.com"]);
    // In clear behind a load balancer nobody compares it.
    expect(&with(&top.pem(), "http://hub.example.com"), &[]);
}

#[test]
fn of_a_pair() {
    let pair = table("harbor_pg_replication_pair");
    let (top, other) = (authority("root", None), authority("other", None));
    let addresses = ["198.51.100.11", "198.51.100.12"];
    let good = addresses.map(|address| signed(&top, &params(&[address])));
    let with = |a: &(String, String), b: &(String, String), ca: &str, verify: &str| {
        let mut config = pair.config();
        let Some(Value::Map(nodes)) = config.get_mut("nodes") else { panic!("nodes") };
        for (name, (certificate, key)) in [("a", a), ("b", b)] {
            let Some(Value::Map(node)) = nodes.get_mut(name) else { panic!("a node") };
            let tls = text(&[("certificate", certificate), ("private_key_wo", key)]);
            node.insert("tls".to_owned(), tls);
        }
        config.insert("tls_ca".to_owned(), ca.into());
        config.insert("tls_verify".to_owned(), verify.into());
        said(&pair, config)
    };
    let [a, b] = &good;
    let ca = top.pem();
    expect(&with(a, b, &ca, "full"), &[]);
    let at_b = "error nodes.b.tls.certificate: ";
    expect(
        &with(a, b, &other.pem(), "ca"),
        &[
            "error nodes.a.tls.certificate: | does not lead to tls_ca",
            &format!("{at_b}| does not lead to tls_ca"),
        ],
    );
    // Both have that of a.
    expect(&with(a, a, &ca, "full"), &[&format!("{at_b}| and not for 198.51.100.12")]);
    expect(&with(a, a, &ca, "ca"), &[]);
    let mixed = (b.0.clone(), a.1.clone());
    let key = "error nodes.b.tls.private_key_wo: | not the key";
    expect(&with(a, &mixed, &ca, "full"), &[key]);
    let twice = (b.0.clone(), format!("{}{}", b.1, a.1));
    expect(&with(a, &twice, &ca, "full"), &["error nodes.b.tls.private_key_wo: | 2 private keys"]);
    let reversed = (format!("{}{}", top.pem(), b.0), b.1.clone());
    expect(&with(a, &reversed, &ca, "ca"), &[&format!("{at_b}| must come first")]);
    // Nobody could log in.
    let ed25519 = KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    let own = params(&[addresses[1]]).self_signed(&ed25519).expect("made").pem();
    let both = format!("{ca}{own}");
    let said = with(a, &(own, ed25519.serialize_pem()), &both, "full");
    expect(&said, &[&format!("{at_b}| signed by an Ed25519")]);
    // It is told, and a failover does not wait for it.
    let old = signed(&top, &between(-30, -1));
    expect(&with(a, &old, &ca, "ca"), &["warning nodes.b.tls.certificate: | expired at"]);
}
