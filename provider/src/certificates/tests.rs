//! Certificates are made here, each with one thing wrong.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa, KeyPair,
    SanType, date_time_ymd,
};

use super::*;

/// 2026-06-01
const NOW: UnixTime = 1_780_272_000;

struct TestCertificate {
    pem: String,
    key: String,
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn root(name: &str) -> Issuer {
    CertifiedIssuer::self_signed(authority_params(name), key()).expect("made")
}

fn below(issuer: &Issuer, name: &str) -> Issuer {
    CertifiedIssuer::signed_by(authority_params(name), key(), issuer).expect("made")
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.distinguished_name.push(DnType::CommonName, "harbor.example.com");
    params
}

fn signed(issuer: &Issuer, params: &CertificateParams) -> TestCertificate {
    let key = key();
    let pem = params.signed_by(&key, issuer).expect("made").pem();
    TestCertificate { pem, key: key.serialize_pem() }
}

fn own(params: &CertificateParams) -> TestCertificate {
    let key = key();
    TestCertificate { pem: params.self_signed(&key).expect("made").pem(), key: key.serialize_pem() }
}

fn chain(parts: &[&str]) -> Chain {
    Chain::read(&parts.concat()).expect("certificates")
}

#[test]
fn a_text_is_certificates_that_can_be_read() {
    let made = own(&params(&["a.example"]));
    assert_eq!(readable(&made.pem), Ok(()));
    assert_eq!(readable(&made.pem.replace('\n', "\r\n")), Ok(()));
    assert_eq!(readable(&format!("subject=/CN=x\n{0}{0}", made.pem)), Ok(()));
    let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let cut = &made.pem[..made.pem.len() / 2];
    for (text, wanted) in [
        ("", "PEM form"),
        ("certificate", "PEM form"),
        (junk, "Certificate 1 "),
        (cut, "Certificate 1 "),
        (&format!("{}{junk}", made.pem), "Certificate 2 "),
        (&format!("{}{cut}", made.pem), "Certificate 2 "),
        (&format!("{}{}", made.pem, made.key), "private key"),
    ] {
        let why = readable(text).expect_err(wanted);
        assert!(why.contains(wanted), "{why}");
    }
}

#[test]
fn a_text_is_one_private_key() {
    let made = own(&params(&["a.example"]));
    assert_eq!(one_key(&made.key), Ok(()));
    let parameters =
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    assert_eq!(one_key(&format!("{parameters}{}", made.key)), Ok(()));
    for (text, wanted) in [
        (String::new(), "must be"),
        (made.pem.clone(), "must be"),
        (made.key.repeat(2), "2 private keys"),
        (made.key.replace(" PRIVATE", " ENCRYPTED PRIVATE"), "encrypted"),
        ("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n".to_owned(), "broken"),
    ] {
        let why = one_key(&text).expect_err(wanted);
        assert!(why.contains(wanted), "{why}");
    }
}

#[test]
fn a_key_fits_its_own_certificate_alone() {
    let (one, other) = (own(&params(&["a.example"])), own(&params(&["b.example"])));
    assert!(!chain(&[&one.pem]).is_of_another_key(&one.key));
    assert!(chain(&[&one.pem]).is_of_another_key(&other.key));
    // The server's own comes first.
    assert!(!chain(&[&one.pem, &other.pem]).is_of_another_key(&one.key));
    assert!(chain(&[&other.pem, &one.pem]).is_of_another_key(&one.key));
    assert!(!chain(&[&one.pem]).is_of_another_key("no key"));
}

#[test]
fn a_chain_is_in_its_order() {
    let top = root("root");
    let middle = below(&top, "middle");
    let leaf = signed(&middle, &params(&["a.example"])).pem;
    let (top, middle) = (top.pem(), middle.pem());
    for (parts, orderly, authority_first) in [
        (vec![&leaf], true, false),
        (vec![&leaf, &middle], true, false),
        (vec![&leaf, &middle, &top], true, false),
        (vec![&top], true, false),
        (vec![&leaf, &top], false, false),
        (vec![&leaf, &top, &middle], false, false),
        (vec![&middle, &leaf], false, true),
        (vec![&top, &middle, &leaf], false, true),
    ] {
        let text: String = parts.iter().map(|p| p.as_str()).collect();
        let chain = Chain::read(&text).expect("certificates");
        assert_eq!(chain.disorder().is_empty(), orderly, "{text}");
        assert_eq!(chain.begins_with_an_authority(), authority_first, "{text}");
    }
}

#[test]
fn a_chain_leads_to_who_signed_it() {
    let (top, other) = (root("root"), root("other"));
    // Another key under the same name.
    let namesake = root("root");
    let middle = below(&top, "middle");
    let leaf = signed(&middle, &params(&["a.example"])).pem;
    let alone = own(&params(&["a.example"])).pem;
    let authorities = |pem: String| Chain::read(&pem).expect("certificates");
    for (parts, trusted, leads) in [
        (vec![leaf.clone(), middle.pem()], top.pem(), true),
        (vec![leaf.clone(), middle.pem(), top.pem()], top.pem(), true),
        (vec![leaf.clone(), middle.pem()], other.pem() + &top.pem(), true),
        (vec![leaf.clone()], middle.pem(), true),
        (vec![leaf.clone()], top.pem(), false),
        (vec![leaf.clone(), middle.pem()], other.pem(), false),
        (vec![leaf.clone(), middle.pem()], namesake.pem(), false),
        (vec![alone.clone()], alone.clone(), true),
        (vec![alone], top.pem(), false),
    ] {
        let text = parts.concat();
        assert_eq!(authorities(text.clone()).leads_to(&authorities(trusted)), leads, "{text}");
    }
}

#[test]
fn names_are_the_alternative_ones() {
    let with = |names: &[&str]| Chain::read(&own(&params(names)).pem).expect("certificates");
    for (names, wanted, fits) in [
        (&["harbor.example.com"][..], "harbor.example.com", true),
        (&["harbor.example.com"], "HARBOR.example.com", true),
        (&["other.example.com", "harbor.example.com"], "harbor.example.com", true),
        (&["*.example.com"], "harbor.example.com", true),
        (&["*.example.com"], "a.harbor.example.com", false),
        (&["*.example.com"], "example.com", false),
        (&["other.example.com"], "harbor.example.com", false),
        (&["10.0.1.10"], "10.0.1.10", true),
        (&["10.0.1.10"], "10.0.1.11", false),
        (&["2001:db8::1"], "[2001:db8:0::1]", true),
        // The common name is harbor.example.com in all of them.
        (&[], "harbor.example.com", false),
    ] {
        assert_eq!(with(names).does_not_name(wanted).is_none(), fits, "{names:?} {wanted}");
    }
    let mut text = params(&[]);
    text.subject_alt_names = vec![SanType::DnsName("10.0.1.10".try_into().expect("a name"))];
    let chain = Chain::read(&own(&text).pem).expect("certificates");
    assert!(chain.does_not_name("10.0.1.10").is_some(), "an address as a DNS name");
    assert!(with(&[]).does_not_name("x").expect("refused").contains("common name"));
}

#[test]
fn times() {
    let with = |from: i32, to: (i32, u8, u8)| {
        let mut params = params(&["a.example"]);
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to.0, to.1, to.2);
        Chain::read(&own(&params).pem).expect("certificates")
    };
    for (from, to, valid, soon) in [
        (2020, (2030, 1, 1), true, false),
        (2020, (2026, 6, 10), true, true),
        (2020, (2026, 6, 16), true, false),
        (2020, (2026, 5, 31), false, false),
        (2027, (2030, 1, 1), false, false),
    ] {
        let chain = with(from, to);
        assert_eq!(chain.is_invalid_at(NOW).is_none(), valid, "{from} {to:?}");
        assert_eq!(chain.ends_soon(NOW).is_some(), soon, "{from} {to:?}");
    }
    let authority = {
        let mut params = authority_params("old");
        params.not_after = date_time_ymd(2025, 1, 1);
        CertifiedIssuer::self_signed(params, key()).expect("made")
    };
    let leaf = signed(&authority, &params(&["a.example"])).pem;
    let why = chain(&[&leaf, &authority.pem()]).is_invalid_at(NOW).expect("expired");
    assert!(why.contains("Certificate 2"), "{why}");
}

#[test]
fn a_public_authority_says_where_its_intermediate_is() {
    let authority = root("root");
    // caIssuers: URI http://ca.example/i
    let mut access = vec![0x30, 0x21, 0x30, 0x1f, 0x06, 0x08];
    access.extend([0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02, 0x86, 0x13]);
    access.extend(b"http://ca.example/i");
    let mut public = params(&["a.example"]);
    let extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], access);
    public.custom_extensions = vec![extension];
    let leaf = signed(&authority, &public).pem;
    assert!(chain(&[&leaf]).lacks_intermediate());
    assert!(!chain(&[&leaf, &authority.pem()]).lacks_intermediate());
    assert!(!chain(&[&signed(&authority, &params(&["a.example"])).pem]).lacks_intermediate());
    assert!(!chain(&[&own(&public).pem]).lacks_intermediate());
}
