//! The units of packaging/ under a real systemd, which is the first process of a pid namespace. The
//! machine's folders that it writes are the test's own.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::cannot_be_tested;
use super::documentation::machine;
use crate::support::*;

const SYSTEMD: &str = "/lib/systemd/systemd";

/// What systemd starts, instead of all services of the machine.
const UNITS: &str = r#"
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /lib/systemd/system/sysinit.target.wants
rm -rf /etc/systemd/system
mkdir /etc/systemd/system
cat > /etc/systemd/system/followed.target <<'END'
[Unit]
Description=only what is followed here
Requires=followed.service
END
cat > /etc/systemd/system/followed.service <<'END'
[Unit]
Description=what the test does
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/bash /srv/steps.sh
StandardOutput=file:/srv/output
StandardError=file:/srv/output
ExecStopPost=/bin/systemctl exit --force --force
END
mkdir /etc/systemd/system/cachewarden.service.d
printf '[Service]\nStandardError=append:/srv/daemon.log\n' > /etc/systemd/system/cachewarden.service.d/log.conf
"#;

/// A job's build through the installed units, a reload, a daemon that is killed, and the end.
const STEPS: &str = r#"
set -eux
useradd --system --user-group --no-create-home --shell /usr/sbin/nologin cachewarden
useradd --user-group --create-home job
usermod --append --groups job cachewarden
cat > /etc/cachewarden/serve.toml <<'END'
directory = "/var/lib/cachewarden"
[[socket]]
path = "/run/cachewarden/socket"
[audit]
directory = "/var/log/cachewarden"
[[tenant]]
name = "jobs"
match = { "peer.user" = "job" }
write = ["jobs"]
read = ["jobs"]
[[tenant.policy]]
file = "/etc/cachewarden/slim.wasm"
END
systemctl daemon-reload
systemctl start cachewarden.socket
systemctl is-active cachewarden.service && exit 1
mkdir /srv/hello && cd /srv/hello
printf 'module example.org/hello\ngo 1.24\n' > go.mod
printf 'package main\nfunc main() { println("hello") }\n' > main.go
build() {
  runuser -l job -c '
    export GOCACHE=$(mktemp -d) CGO_ENABLED=0
    export GOCACHEPROG="cachewarden-connect --socket /run/cachewarden/socket --when-down fail --connect-timeout 60s -v"
    cd /srv/hello && go build -o ~/hello . && ~/hello'
}
property() { systemctl show cachewarden.service --value --property "$1"; }
echo first; build
echo second; build
systemctl reload cachewarden.service
test "$(property ActiveState)" = active
killed=$(property MainPID)
# It is in a pid namespace of its own, and so is no other process of this number.
kill -KILL "$killed"
until [ "$(property ActiveState)" = active ] && [ "$(property MainPID)" != "$killed" ]; do
  sleep 0.1
done
test "$(property NRestarts)" = 1
echo third; build
systemctl stop cachewarden.service cachewarden.socket
test "$(property Result)" = success
echo end
"#;

#[test]
fn the_units_serve_a_job_reload_and_survive_a_kill_under_a_real_systemd() {
    if !rustix::process::geteuid().is_root() {
        return cannot_be_tested("only root can run the units of packaging/");
    }
    if !Path::new(SYSTEMD).exists() {
        return cannot_be_tested("there is no systemd to run the units of packaging/");
    }
    let sandbox = Sandbox::new();
    let steps = sandbox.file("steps.sh", STEPS);
    let mut script = machine(&sandbox, &toolchain(GO));
    let _ = write!(
        script,
        "cp '{}' /etc/cachewarden/\ncp '{}' /srv/steps.sh\n{UNITS}
cp '{packaging}/cachewarden.service' '{packaging}/cachewarden.socket' /etc/systemd/system/
exec env -i container=lxc PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    {SYSTEMD} --system --unit=followed.target --log-target=console --show-status=0",
        guest("slim").display(),
        steps.display(),
        packaging = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging"),
    );
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--pid", "--cgroup", "--ipc", "--uts"])
        .args(["--fork", "--kill-child", "--mount-proc"])
        .args(["sh", "-c", &script]);
    let outcome = run_to_its_end(&mut command);
    let output = std::fs::read_to_string(sandbox.path("machine/srv/output")).unwrap_or_default();
    assert!(
        output.ends_with("echo end\nend\n"),
        "{output}\n{outcome:#?}"
    );
    let hits = |build: &str, next: &str| -> u32 {
        let after = output.split_once(&format!("\n{build}\n")).expect(build).1;
        let part = after.split_once(&format!("\n{next}\n")).expect(next).0;
        let (before, _) = part.split_once(" hits").expect("its counts");
        let count = before.rsplit_once(' ').expect("a count").1;
        count.parse().expect("a count")
    };
    assert_eq!(hits("first", "second"), 0, "{output}");
    assert!(hits("second", "third") > 30, "{output}");
    assert!(hits("third", "end") > 30, "{output}");
}
