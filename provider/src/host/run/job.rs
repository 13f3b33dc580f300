//! Long work that goes on when the connection is lost.
//!
//! A job lives in `RUN_DIR/jobs/NAME/` (root's alone, in memory): `script` until it is read,
//! `out` and `err`, `ended` and `status` when it has ended, `digest` of the script, `tokens` of the
//! calls that wait for it. Who runs it holds a lock on `running`; who starts one holds a lock on `starting`.

use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::host::channel::frame::{hex, nonce};
use crate::host::connection::Host;
use crate::host::error::HostError;
use crate::host::run::output::Output;
use crate::host::script::check_script;

/// For starting, attaching and collecting, apart from the job's own time.
const QUICK: Duration = Duration::from_secs(60);

/// How long a lost host is tried again. The job goes on meanwhile, also for hours; somebody who
/// waits for a host that is gone should not.
const AWAY: Duration = Duration::from_secs(300);

/// Whole seconds are compared, and the question takes its time to arrive.
const SLACK: Duration = Duration::from_secs(2);

/// Exit status of [`START_SCRIPT`] when a job of that name with another script runs.
const BUSY: i32 = 76;

impl Host {
    /// Runs a long script as root, `set -eu`, detached: it goes on when the connection is lost, and its
    /// result is picked up on the next one. `name` is `[a-z0-9-]`.
    ///
    /// A call with the same name and script while it runs waits for that one; a success that
    /// nobody collected is collected if it ended since this process met the host, as what it saw there
    /// may be older; otherwise the script runs. The host ends it after `limit`.
    /// Of each stream the last MiB comes back.
    pub async fn job(
        &self,
        name: &str,
        script: &str,
        limit: Duration,
    ) -> Result<Output, HostError> {
        let doing = format!("run the job {name}");
        check_script(self.name(), &doing, script)?;
        let named = !name.is_empty()
            && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
        if !named {
            return Err(HostError::Failed {
                host: self.name().to_owned(),
                doing,
                status: 0,
                stderr: format!("the name {name:?} is not of the form [a-z0-9-]+"),
            });
        }
        let job = Job { host: self, name, script, limit, doing: &doing, token: nonce() };
        job.run().await
    }
}

struct Job<'a> {
    host: &'a Host,
    name: &'a str,
    script: &'a str,
    limit: Duration,
    doing: &'a str,
    token: String,
}

impl Job<'_> {
    async fn run(&self) -> Result<Output, HostError> {
        let begun = Instant::now();
        let mut lost: Option<Instant> = None;
        let mut pause = Duration::from_millis(100);
        loop {
            let mut met = false;
            match self.attend(&mut met).await {
                // The token makes it safe to start again: a start that went through is attached to.
                Err(error) if error.is_lost() || error.is_unreachable() => {
                    if met {
                        lost = None;
                    }
                    let away = lost.get_or_insert_with(Instant::now).elapsed() + pause > AWAY;
                    // However often its host comes back, a job is over some time.
                    let over = begun.elapsed() > self.limit.saturating_add(AWAY);
                    if away || over {
                        return Err(error);
                    }
                }
                done => return done,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    }

    /// Starts it or attaches to it, waits, and collects. `met`: whether the host answered.
    async fn attend(&self, met: &mut bool) -> Result<Output, HostError> {
        let head = self.head();
        let start = format!("{head}{START_SCRIPT}");
        let started = self.run_as(&start, self.script.as_bytes(), QUICK).await?;
        *met = true;
        if started.status == BUSY {
            let (host, name) = (self.host.name().to_owned(), self.name.to_owned());
            return Err(HostError::JobBusy { host, name });
        }
        started.require(self.host.name(), self.doing)?;
        let wait = format!("{head}{WAIT_SCRIPT}");
        let output = self.run_as(&wait, &[], self.limit.saturating_add(QUICK)).await?;
        let (status, output) = unpack(output, self.host.name(), self.doing)?;
        let collect = format!("{head}{COLLECT_SCRIPT}");
        // Without it the next call would collect it again, and that is harmless.
        let _ = self.run_as(&collect, &[], QUICK).await;
        match status.as_str() {
            // Not `Lost`, after which it would be started again.
            "ended" => Err(HostError::Failed {
                host: self.host.name().to_owned(),
                doing: self.doing.to_owned(),
                status: 137,
                stderr: "its processes were ended from outside".to_owned(),
            }),
            "timeout" => Err(HostError::Timeout {
                host: self.host.name().to_owned(),
                doing: self.doing.to_owned(),
                limit: self.limit,
            }),
            status => Ok(Output { status: status.parse().unwrap_or(255), ..output }),
        }
    }

    async fn run_as(
        &self,
        script: &str,
        stdin: &[u8],
        limit: Duration,
    ) -> Result<Output, HostError> {
        self.host.run_as(self.doing, script, stdin, limit).await
    }

    fn head(&self) -> String {
        let run_dir = crate::shell::word(&self.host.inner.run_dir);
        let digest = hex(&Sha256::digest(self.script.as_bytes()));
        format!(
            "name={}\nrun_dir={run_dir}\ntoken={}\ndigest={digest}\nseconds={}\nsize={}\nmet={}\n\
             job=\"$run_dir/jobs/$name\"\n",
            self.name,
            self.token,
            self.limit.as_secs().max(1),
            self.script.len(),
            (self.host.inner.met.elapsed() + SLACK).as_secs()
        )
    }
}

/// Takes apart what [`WAIT_SCRIPT`] printed: a line `STATUS SIZE`, `SIZE` bytes of output, and the
/// job's errors.
pub(in crate::host) fn unpack(
    output: Output,
    host: &str,
    doing: &str,
) -> Result<(String, Output), HostError> {
    let output = output.require(host, doing)?;
    let bad = || HostError::Lost {
        host: host.to_owned(),
        doing: doing.to_owned(),
        reason: "its result is not readable".to_owned(),
    };
    let end = output.stdout_bytes.iter().position(|&c| c == b'\n').ok_or_else(bad)?;
    let line = String::from_utf8_lossy(&output.stdout_bytes[..end]).into_owned();
    let (status, size) = line.split_once(' ').ok_or_else(bad)?;
    let size: usize = size.parse().map_err(|_| bad())?;
    let rest = &output.stdout_bytes[end + 1..];
    let (stdout, stderr) = rest.split_at(size.min(rest.len()));
    let (stdout_bytes, stderr_bytes) = (stdout.to_vec(), stderr.to_vec());
    Ok((status.to_owned(), Output { status: 0, stdout_bytes, stderr_bytes }))
}

/// Under the lock `starting`. A job runs as long as its lock `running` is held.
///
/// The script is unlinked as soon as it is open, so a secret in it does not stay. The job does not
/// inherit the lock: what it leaves running in the background must not keep it.
const START_SCRIPT: &str = r#"set -eu
umask 077
mkdir -p -- "$run_dir/jobs" "$job"
cd "$job"
exec 7>starting
flock -w 50 7
if ! flock -n running true; then
  [ "$(cat digest)" = "$digest" ] || exit 76
  printf '%s\n' "$token" >>tokens
  exit 0
fi
if grep -qxs "$token" tokens && [ -e began ]; then
  exit 0
fi
age() { echo $(($(cut -d. -f1 /proc/uptime) - $(cat ended))); }
if [ "$(cat status 2>/dev/null)" = 0 ] && [ "$(cat digest)" = "$digest" ] && [ "$(age)" -le "$met" ]; then
  printf '%s\n' "$token" >>tokens
  exit 0
fi
rm -f status ended collected began out err script
cat >script
if [ "$(stat -c %s script)" -ne "$size" ]; then
  echo "the script arrived cut short" >&2
  exit 1
fi
cat >main <<'MAIN'
set -u
umask 077
exec 8>running 7>&-
flock 8
exec 6<script
rm -f script
: >began
umask 022
cd /
start=$(date +%s)
timeout -k 10 "$2" /bin/sh -eu /dev/fd/6 >"$1/out" 2>"$1/err" </dev/null 8>&-
status=$?
if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
  [ $(($(date +%s) - start)) -lt "$2" ] || status=timeout
fi
cut -d. -f1 /proc/uptime >"$1/ended"
echo "$status" >"$1/status.new"
mv -f "$1/status.new" "$1/status"
MAIN
printf '%s\n' "$digest" >digest
printf '%s\n' "$token" >tokens
if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
  systemd-run --quiet --collect --unit="breakwater-job-$name-$token" \
    --description="Breakwater job $name" --working-directory="$job" \
    --setenv=LC_ALL=C --setenv=DEBIAN_FRONTEND=noninteractive --setenv=PATH="$PATH" \
    --setenv=HOME=/root /bin/sh "$job/main" "$job" "$seconds" >&2 </dev/null
else
  setsid /bin/sh "$job/main" "$job" "$seconds" >/dev/null 2>&1 </dev/null 7>&- &
fi
tries=0
until [ -e began ] || [ -e status ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 400 ] || { echo "the job did not begin" >&2; exit 1; }
  sleep 0.05
done
"#;

/// Several calls may wait for the same job, and the one that lost its connection may still do so:
/// each makes its own copy of the output, which a child left behind may still be writing.
const WAIT_SCRIPT: &str = r#"cd "$job" || exit 1
flock running true
status=$(cat status 2>/dev/null || cat collected 2>/dev/null) || status=ended
copy=out.tail.$$
tail -c 1048576 out >"$copy" 2>/dev/null
printf '%s %s\n' "$status" "$(stat -c %s "$copy")"
cat "$copy"
tail -c 1048576 err 2>/dev/null
rm -f "$copy"
exit 0
"#;

/// The next call runs it again, and others who wait for this run still find its status.
const COLLECT_SCRIPT: &str = r#"cd "$job" || exit 0
[ ! -e status ] || flock -n running mv -f status collected
exit 0
"#;
