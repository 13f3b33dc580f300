//! `rig`: test hosts from the command line. `rig help` says how.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use testkit::rig::error::At;
use testkit::rig::network::Cut;
use testkit::rig::{
    Added, Distro, NewHost, Options, Result, Rig, RigError, deps, dns, fileserver, image, slow,
};
use testkit::writers;

const HELP: &str = "\
rig: real Debian hosts for tests, in a network of their own, on this machine (as root)

  rig deps                                 install what this machine needs
  rig image DISTRO...                      make base images (once): bullseye, bookworm, trixie, and
                                           likenesses of Ubuntu: focal, jammy, noble
  rig up NAME [--host H=DISTRO]... [--no-lb]  default: --host a=bookworm --host b=bookworm
  rig up NAME --empty                      no hosts: a stand-in cloud makes them
  rig down NAME | --all                    remove everything of it
  rig list                                 names of rigs that are up
  rig show NAME                            addresses, keys, folders as JSON
  rig run NAME -- COMMAND...               run in the rig's network, with its names
  rig exec NAME HOST -- COMMAND...         run on a host as root, past SSH
  rig ssh NAME [USER@]HOST [-- COMMAND...] log in over SSH
  rig cut NAME HOST [--all]                drop SSH from here to the host (or all its packets)
  rig restore NAME [HOST]                  end that
  rig slow NAME MILLISECONDS               put a round trip of that length before rig run (0: none)
  rig add NAME HOST=DISTRO ADDRESS [PUBLIC]  one host more; the addresses may be of any network
  rig remove NAME HOST                     one host less
  rig renew NAME HOST=DISTRO               boot another image: empty disk, new host keys
  rig outside NAME [JUMPHOST]              rig run reaches public addresses (203.0.113.0/24) and
                                           SSH of the jump host alone
  rig inside NAME                          end that
  rig kill NAME HOST                       cut its power
  rig stop NAME HOST                       shut it down in order
  rig boot NAME HOST                       power it on
  rig wipe NAME HOST                       replace its disk by an empty one, and power it on

  What rig run runs has BREAKWATER_CLOUD_RIG, by which the stand-in for Alibaba Cloud's provider
  (tests/standins/alicloud) makes its hosts, load balancers, Redis and names in this rig.

  BREAKWATER_CACHE  images and packages (default /var/cache/breakwater)
  BREAKWATER_RIG    folders of rigs (default /var/lib/breakwater-rig)
  BREAKWATER_KEEP   when set, a test does not take its rig down
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (ours, command) = match words.iter().position(|word| word == "--") {
        Some(end) => (&words[..end], &words[end + 1..]),
        None => (&words[..], &[][..]),
    };
    let ours: Vec<_> = ours.iter().map(String::as_str).collect();
    let command: Vec<_> = command.iter().map(String::as_str).collect();
    match act(&ours, &command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprint!("{HELP}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("rig: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// Does what the words say; false if they say nothing that we know.
fn act(words: &[&str], command: &[&str]) -> Result<bool> {
    match *words {
        ["deps"] => drop(deps::install()?),
        ["image", ref distros @ ..] if !distros.is_empty() => make_images(distros)?,
        ["up", name, ref options @ ..] => return up(name, options),
        ["down", "--all"] => Rig::list()?.iter().try_for_each(|name| Rig::down(name))?,
        ["down", name] => Rig::down(name)?,
        ["list"] => Rig::list()?.iter().for_each(|name| println!("{name}")),
        ["show", name] => show(name)?,
        ["run", name] if !command.is_empty() => {
            return become_(Rig::find(name)?.command(command.iter().copied()));
        }
        ["exec", name, host] if !command.is_empty() => {
            return become_(Rig::find(name)?.try_host(host)?.command(command.iter().copied())?);
        }
        ["ssh", name, target] => {
            let (user, host) = target.split_once('@').unwrap_or(("root", target));
            return become_(Rig::find(name)?.try_host(host)?.ssh(user, command.iter().copied()));
        }
        ["cut", name, host] => Rig::find(name)?.try_host(host)?.cut()?,
        ["cut", name, host, "--all"] => Rig::find(name)?.try_host(host)?.cut_from(Cut::All)?,
        ["restore", name, host] => Rig::find(name)?.try_host(host)?.restore()?,
        ["restore", name] => Rig::find(name)?.hosts().try_for_each(|host| host.restore())?,
        ["kill", name, host] => Rig::find(name)?.try_host(host)?.kill()?,
        ["stop", name, host] => Rig::find(name)?.try_host(host)?.shut_down()?,
        ["boot", name, host] => Rig::find(name)?.try_host(host)?.boot()?,
        ["wipe", name, host] => {
            let rig = Rig::find(name)?;
            rig.try_host(host)?.wipe()?;
            rig.try_host(host)?.boot()?;
        }
        ["slow", name, milliseconds] => {
            let Ok(milliseconds) = milliseconds.parse() else { return Ok(false) };
            Rig::find(name)?.slow(Duration::from_millis(milliseconds))?;
        }
        ["add", name, host, address, ref public @ ..] if public.len() < 2 => {
            let Some(new) = new_host(host, address, public.first().copied())? else {
                return Ok(false);
            };
            Rig::find(name)?.add(new)?;
        }
        ["remove", name, host] => Rig::find(name)?.remove(host)?,
        ["renew", name, host] => {
            let Some((host, distro)) = host.split_once('=') else { return Ok(false) };
            Rig::find(name)?.renew(host, distro.parse()?)?;
        }
        ["outside", name] => Rig::find(name)?.outside(None)?,
        ["outside", name, jump] => Rig::find(name)?.outside(Some(jump))?,
        ["inside", name] => Rig::find(name)?.inside()?,
        ["_dns", address, records] => dns::serve(address, &PathBuf::from(records))?,
        ["_relay", micros] => {
            let Ok(micros) = micros.parse() else { return Ok(false) };
            slow::relay(Duration::from_micros(micros))?;
        }
        ["_serve", address, ref roots @ ..] => {
            fileserver::serve(address, &roots.iter().map(PathBuf::from).collect::<Vec<_>>())?;
        }
        ["_write", hosts, first, sessions, micros, record] => {
            let (Ok(first), Ok(sessions)) = (first.parse(), sessions.parse()) else {
                return Ok(false);
            };
            let Ok(micros) = micros.parse() else { return Ok(false) };
            let (numbers, pause) = ((first, sessions), Duration::from_micros(micros));
            writers::write(hosts, numbers, pause, &PathBuf::from(record)).at("write", record)?;
        }
        ["help" | "--help" | "-h"] => print!("{HELP}"),
        _ => return Ok(false),
    }
    Ok(true)
}

fn new_host(host: &str, address: &str, public: Option<&str>) -> Result<Option<NewHost>> {
    let Some((name, distro)) = host.split_once('=') else { return Ok(None) };
    let more = Added { public: public.map(str::to_owned), ..Added::default() };
    let (name, address) = (name.to_owned(), address.to_owned());
    Ok(Some(NewHost { name, distro: distro.parse()?, address, more }))
}

fn make_images(distros: &[&str]) -> Result<()> {
    deps::install()?;
    for distro in distros {
        println!("{}", image::ensure(distro.parse()?)?.to_string_lossy());
    }
    Ok(())
}

fn up(name: &str, words: &[&str]) -> Result<bool> {
    let mut options = Options { hosts: Vec::new(), load_balancer: true };
    let (mut words, mut empty) = (words.iter(), false);
    while let Some(word) = words.next() {
        match *word {
            "--no-lb" => options.load_balancer = false,
            "--empty" => empty = true,
            "--host" => {
                let Some((host, distro)) = words.next().and_then(|host| host.split_once('='))
                else {
                    return Ok(false);
                };
                options.hosts.push((host.to_owned(), distro.parse()?));
            }
            _ => return Ok(false),
        }
    }
    if empty {
        options = Options::empty();
    } else if options.hosts.is_empty() {
        options.hosts = ["a", "b"].map(|host| (host.to_owned(), Distro::Bookworm)).to_vec();
    }
    let mut rig = Rig::up_with(name, &options)?;
    rig.keep_up();
    for host in rig.hosts() {
        println!("{} {} {}", host.state().name, host.address(), host.state().distro);
    }
    Ok(true)
}

fn show(name: &str) -> Result<()> {
    let rig = Rig::find(name)?;
    print!("{}", testkit::rig::files::read(rig.state().folder.join("rig.json"))?);
    Ok(())
}

/// Replaces this program by the command, which so has our terminal, signals and exit status.
fn become_(mut command: Command) -> Result<bool> {
    let program = command.get_program().to_string_lossy().into_owned();
    let source = command.stdin(Stdio::inherit()).exec();
    Err(RigError::Spawn { program, source })
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}
