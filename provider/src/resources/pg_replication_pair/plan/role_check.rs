//! The steps by which a host says whether its server is the primary, or no longer says it.

use super::super::case::{Case, Side};
use super::super::role_check::{RUNNING, present, unit, wanted};
use crate::shell::word;
use crate::step::{Action, Step, Steps};

/// What has to be done on one host. It is asked, so its server must run by then.
pub fn steps(case: &Case, side: &Side) -> Steps {
    match case.settings.role_check_port {
        Some(port) if side.host.sql.is_some() => answer(case, side, port),
        Some(_) => Steps::none(),
        None => stop(case, side),
    }
}

fn answer(case: &Case, side: &Side, port: u16) -> Steps {
    let mut steps = Steps::none();
    let files = wanted(case.settings, side.member, side.paths).into_iter().flatten();
    let changed: Vec<_> = files.filter(|file| case.differs(side.member, file)).collect();
    let socket = &side.paths.role_socket;
    let moves = case.fact(side.member, socket).is_present()
        && changed.iter().any(|file| file.path == *socket);
    steps.extend(changed.into_iter().filter_map(|file| case.write(side.member, Ok(file))));
    if steps.is_empty() && side.host.role_check.status() == RUNNING {
        return steps;
    }
    let primary = side.member == case.settings.primary;
    let script = start(unit(side.paths), case.settings.address(side.member), port, primary);
    let what = format!("say at port {port} whether this is the primary");
    let step = Step::run(side.member.word(), what, script);
    let sentence = format!(
        "{} says at port {port} alone whether it is the primary: who asks at another finds none",
        case.settings.place(side.member)
    );
    steps.push(if moves { step.disruptive(sentence) } else { step });
    steps
}

fn stop(case: &Case, side: &Side) -> Steps {
    let sentence = format!(
        "{} no longer says whether it is the primary: a database endpoint that asks it finds none",
        case.settings.place(side.member)
    );
    let mut steps = Steps::none();
    if let Some((first, rest)) = remove(side) {
        steps.push(first.disruptive(sentence));
        steps.extend(rest);
    }
    steps
}

/// The steps that take it away where it is there; the first ends it.
pub fn remove(side: &Side) -> Option<(Step, Steps)> {
    let (host, socket) = (side.member.word(), word(unit(side.paths)));
    let files = present(side.paths, side.host);
    if files.is_empty() && side.host.role_check.status().is_empty() {
        return None;
    }
    let end = format!(
        "timeout 30 systemctl disable --quiet --now {socket} 2>/dev/null || \
         ! systemctl is-active --quiet {socket}\n"
    );
    let first = Step::run(host, "no longer say whether this is the primary", end);
    let gone =
        |path: &String| Step::new(host, format!("remove {path}"), Action::Remove(path.clone()));
    let mut rest: Steps = files.into_iter().map(gone).collect();
    let forget =
        format!("systemctl daemon-reload\nsystemctl reset-failed {socket} 2>/dev/null || :\n");
    rest.push(Step::run(host, "have systemd forget the role check", forget));
    Some((first, rest))
}

/// Starts the socket and asks it: that it answers nobody must not be found by a failover.
fn start(unit: &str, address: &str, port: u16, primary: bool) -> String {
    format!(
        r#"systemctl daemon-reload
systemctl enable --quiet {unit}
if ! timeout 30 systemctl restart {unit}; then
  journalctl -u {unit} -n 5 --no-pager -o cat >&2 || :
  exit 1
fi
n=0 said=
while [ "$n" -lt 20 ]; do
  said=$(timeout 10 perl -MIO::Socket::IP -e '
    $s = IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => $ARGV[1], Timeout => 5) or die "$@\n";
    print $s "GET /primary HTTP/1.0\r\n\r\n"; print while <$s>' {address} {port} 2>&1 | tr -d '\r') || :
  case $said in "HTTP/1.0 {status} "*) exit 0 ;; esac
  n=$((n + 1)); sleep 0.5
done
echo "asked at {port} whether it is the primary, this host says: $said" >&2
exit 1
"#,
        unit = word(unit),
        address = word(address),
        status = if primary { 200 } else { 503 },
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::process::{Command, Output};

    use super::start;

    /// The step on a host whose port answers this.
    fn asked(answer: &'static str, primary: bool) -> Output {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let _ = client.read(&mut [0; 256]);
                let _ = client.write_all(answer.as_bytes());
            }
        });
        let script = start("x.socket", "127.0.0.1", port, primary);
        let script = format!(
            "systemctl() {{ :; }}\ntimeout() {{ shift; \"$@\"; }}\nsleep() {{ :; }}\n{script}"
        );
        Command::new("sh").args(["-euc", &script]).output().expect("sh runs")
    }

    #[test]
    fn it_is_done_when_each_host_says_what_it_is() {
        const YES: &str = "HTTP/1.0 200 OK\r\n\r\nprimary\n";
        const NO: &str = "HTTP/1.0 503 Service Unavailable\r\n\r\nstandby\n";
        assert!(asked(YES, true).status.success());
        assert!(asked(NO, false).status.success());
        for (answer, primary) in [(YES, false), (NO, true), ("", true), ("", false)] {
            let output = asked(answer, primary);
            assert!(!output.status.success(), "{answer} {primary}");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let first = answer.lines().next().unwrap_or_default();
            assert!(said.contains(&format!("this host says: {first}")), "{said}");
        }
    }
}
