//! Logging in: keys, encrypted keys, certificates, an agent, passwords.

use std::path::Path;
use std::sync::Arc;

use russh::MethodKind;
use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{
    Certificate, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey, decode_secret_key,
};

use crate::host::connect::client::Client;
use crate::host::error::HostError;
use crate::host::settings::{Auth, expand_home};
use crate::secret::Secret;

/// Why one way did not work, in words for [`HostError::AuthRefused`].
type Refusal = String;

/// Tries each way in order. A server that wants two of them (key and password) gets both.
pub(in crate::host) async fn log_in(
    handle: &mut Handle<Client>,
    host: &str,
    user: &str,
    ways: &[Auth],
) -> Result<(), HostError> {
    let mut tried = Vec::new();
    for way in ways {
        match try_way(handle, user, way).await? {
            Ok(()) => return Ok(()),
            Err(refusal) => tried.push(refusal),
        }
        if handle.is_closed() {
            tried.push("then it closed the connection (MaxAuthTries)".to_owned());
            break;
        }
    }
    if tried.is_empty() {
        tried.push("nothing: no credential is configured".to_owned());
    }
    Err(HostError::AuthRefused { host: host.to_owned(), tried })
}

async fn try_way(
    handle: &mut Handle<Client>,
    user: &str,
    way: &Auth,
) -> Result<Result<(), Refusal>, HostError> {
    match way {
        Auth::Key { pem, passphrase, certificate } => {
            let key = decode(pem, passphrase.as_ref(), "the private key")?;
            Ok(try_key(handle, user, key, parse_certificate(certificate.as_deref())?).await)
        }
        Auth::KeyPath { path, passphrase, certificate } => {
            let path = expand_home(path);
            let key = read_key(&path, passphrase.as_ref())?;
            let beside = certificate_beside(&path);
            let certificate = certificate.as_deref().or(beside.as_deref());
            Ok(try_key(handle, user, key, parse_certificate(certificate)?).await)
        }
        Auth::Agent { socket } => Ok(try_agent(handle, user, socket.as_deref()).await),
        Auth::Password(password) => Ok(try_password(handle, user, password).await),
    }
}

fn verdict(what: &str, result: Result<AuthResult, impl std::fmt::Display>) -> Result<(), Refusal> {
    match result {
        Ok(AuthResult::Success) => Ok(()),
        Ok(AuthResult::Failure { partial_success: true, .. }) => {
            Err(format!("{what} (accepted, but it wants one more)"))
        }
        Ok(AuthResult::Failure { .. }) => Err(what.to_owned()),
        Err(error) => Err(format!("{what} ({error})")),
    }
}

fn decode(
    pem: &Secret,
    passphrase: Option<&Secret>,
    what: &str,
) -> Result<Arc<PrivateKey>, HostError> {
    let bad = |reason: String| HostError::BadKey { what: what.to_owned(), reason };
    let key = decode_secret_key(pem.expose(), passphrase.map(Secret::expose)).map_err(|error| {
        bad(match (error, passphrase) {
            (russh::keys::Error::KeyIsEncrypted, _) => {
                "it is encrypted: give its passphrase".into()
            }
            (error, None) => format!("{error} (is it encrypted, without a passphrase given?)"),
            (error, Some(_)) => format!("{error} (is the passphrase right?)"),
        })
    })?;
    if key.is_encrypted() {
        return Err(bad("it is encrypted: give its passphrase".to_owned()));
    }
    Ok(Arc::new(key))
}

/// Why a private key cannot be used, in words.
pub fn key_fault(pem: &Secret, passphrase: Option<&Secret>) -> Option<String> {
    match decode(pem, passphrase, "the private key") {
        Err(HostError::BadKey { reason, .. }) => Some(reason),
        Ok(_) | Err(_) => None,
    }
}

/// Why a certificate cannot be used, with this key where it is given.
pub fn certificate_fault(text: &str, key: Option<(&Secret, Option<&Secret>)>) -> Option<String> {
    let certificate = match parse_certificate(Some(text)) {
        Err(HostError::BadKey { reason, .. }) => return Some(reason),
        Ok(Some(certificate)) => certificate,
        Ok(None) | Err(_) => return None,
    };
    let (pem, passphrase) = key?;
    let key = decode(pem, passphrase, "the private key").ok()?;
    let own = key.public_key().key_data() == certificate.public_key();
    (!own).then(|| "it is the certificate of another key".to_owned())
}

fn read_key(path: &Path, passphrase: Option<&Secret>) -> Result<Arc<PrivateKey>, HostError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| HostError::Local { path: path.to_owned(), source })?;
    decode(&Secret::from(text), passphrase, &format!("the private key {}", path.display()))
}

fn certificate_beside(path: &Path) -> Option<String> {
    let mut name = path.file_name()?.to_owned();
    name.push("-cert.pub");
    std::fs::read_to_string(path.with_file_name(name)).ok()
}

fn parse_certificate(text: Option<&str>) -> Result<Option<Certificate>, HostError> {
    let Some(text) = text else { return Ok(None) };
    let certificate = Certificate::from_openssh(text.trim()).map_err(|error| {
        HostError::BadKey { what: "the user certificate".to_owned(), reason: error.to_string() }
    })?;
    Ok(Some(certificate))
}

/// SHA-2 for RSA, as far as the server tells; never SHA-1, which is what no choice would mean.
async fn rsa_hash(handle: &Handle<Client>, is_rsa: bool) -> Option<HashAlg> {
    if !is_rsa {
        return None;
    }
    let told = handle.best_supported_rsa_hash().await.ok().flatten().flatten();
    Some(told.unwrap_or(HashAlg::Sha512))
}

async fn try_key(
    handle: &mut Handle<Client>,
    user: &str,
    key: Arc<PrivateKey>,
    certificate: Option<Certificate>,
) -> Result<(), Refusal> {
    let fingerprint = key.public_key().fingerprint(HashAlg::Sha256);
    let mut refusals = Vec::new();
    if let Some(certificate) = certificate {
        let what = format!("the certificate \"{}\" of key {fingerprint}", certificate.key_id());
        let result = handle.authenticate_openssh_cert(user, Arc::clone(&key), certificate).await;
        match verdict(&what, result) {
            Ok(()) => return Ok(()),
            Err(refusal) => refusals.push(refusal),
        }
    }
    let hash = rsa_hash(handle, key.algorithm().is_rsa()).await;
    let key = PrivateKeyWithHashAlg::new(key, hash);
    match verdict(&format!("key {fingerprint}"), handle.authenticate_publickey(user, key).await) {
        Ok(()) => Ok(()),
        Err(refusal) => {
            refusals.push(refusal);
            Err(refusals.join(", "))
        }
    }
}

#[cfg(unix)]
async fn try_agent(
    handle: &mut Handle<Client>,
    user: &str,
    socket: Option<&Path>,
) -> Result<(), Refusal> {
    let connected = match socket {
        Some(path) => AgentClient::connect_uds(path).await,
        None => AgentClient::connect_env().await,
    };
    let mut agent = connected.map_err(|error| format!("the agent ({error})"))?;
    // Only agents with destination constraints need it; older ones refuse the request.
    if let Some(binding) = handle.agent_session_binding().cloned() {
        let _ = agent.bind_session(&binding, false).await;
    }
    let identities =
        agent.request_identities().await.map_err(|error| format!("the agent ({error})"))?;
    let mut refused = Vec::new();
    for identity in identities {
        match try_identity(handle, user, &mut agent, identity).await {
            Ok(()) => return Ok(()),
            Err(refusal) => refused.push(refusal),
        }
        if handle.is_closed() {
            break;
        }
    }
    if refused.is_empty() {
        return Err("the agent (it holds no key)".to_owned());
    }
    Err(format!("the agent's {}", refused.join(", ")))
}

#[cfg(not(unix))]
async fn try_agent(
    _handle: &mut Handle<Client>,
    _user: &str,
    _socket: Option<&Path>,
) -> Result<(), Refusal> {
    Err("the agent (agents are supported on Unix alone)".to_owned())
}

#[cfg(unix)]
async fn try_identity(
    handle: &mut Handle<Client>,
    user: &str,
    agent: &mut AgentClient<tokio::net::UnixStream>,
    identity: AgentIdentity,
) -> Result<(), Refusal> {
    match identity {
        AgentIdentity::PublicKey { key, .. } => {
            let what = format!("key {}", key.fingerprint(HashAlg::Sha256));
            let hash = rsa_hash(handle, key.algorithm().is_rsa()).await;
            verdict(&what, handle.authenticate_publickey_with(user, key, hash, agent).await)
        }
        AgentIdentity::Certificate { certificate, .. } => {
            let key = PublicKey::new(certificate.public_key().clone(), "");
            let what = format!("certificate of key {}", key.fingerprint(HashAlg::Sha256));
            let hash = rsa_hash(handle, key.algorithm().is_rsa()).await;
            let result = handle.authenticate_certificate_with(user, certificate, hash, agent).await;
            verdict(&what, result)
        }
    }
}

async fn try_password(
    handle: &mut Handle<Client>,
    user: &str,
    password: &Secret,
) -> Result<(), Refusal> {
    let result = handle.authenticate_password(user, password.expose()).await;
    let interactive = match &result {
        Ok(AuthResult::Failure { remaining_methods, partial_success: false }) => {
            remaining_methods.contains(&MethodKind::KeyboardInteractive)
        }
        _ => false,
    };
    let refused = match verdict("the password", result) {
        Ok(()) => return Ok(()),
        Err(refused) => refused,
    };
    if interactive && answer_prompt(handle, user, password).await {
        return Ok(());
    }
    Err(refused)
}

/// PAM set-ups often offer keyboard-interactive alone. One hidden prompt gets the password, once.
async fn answer_prompt(handle: &mut Handle<Client>, user: &str, password: &Secret) -> bool {
    let mut answered = false;
    let mut step = handle.authenticate_keyboard_interactive_start(user, None).await;
    loop {
        let answers = match step {
            Ok(KeyboardInteractiveAuthResponse::Success) => return true,
            Ok(KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. }) => {
                match &prompts[..] {
                    [] => Vec::new(),
                    [prompt] if !prompt.echo && !answered => {
                        answered = true;
                        vec![password.expose().to_owned()]
                    }
                    _ => return false,
                }
            }
            Ok(KeyboardInteractiveAuthResponse::Failure { .. }) | Err(_) => return false,
        };
        step = handle.authenticate_keyboard_interactive_respond(answers).await;
    }
}
