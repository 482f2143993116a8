//! A tier on a real server, with a network before it that works or not, and real go builds.
//!
//! What the name of a test begins and ends with says what it needs: `on_seaweedfs` a server,
//! `through_toxiproxy` a broken network.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use cachewarden_servers::{memcached, redis, seaweedfs, seaweedfs_reader, seaweedfs_unlisting};

use crate::support::*;

use super::{Machine, Tier, machines, remote_hits, served_by, waited};

/// A build of little, since each of these machines begins with nothing.
const BUILD: [&str; 3] = ["build", "-trimpath", "./lib"];

/// What a session waits in vain by default, and how late a busy machine may go on after a wait.
const BUDGET: f64 = 2.0;
const LATE: f64 = 1.0;

#[test]
fn machines_share_what_the_policies_let_them_on_seaweedfs() {
    let tier = Tier::on(seaweedfs(), "machines");
    machines::main_fills(&tier);
    machines::a_pull_request_has_a_scope_of_its_own(&tier);
    machines::a_release_takes_what_is_bound(&tier);
}

/// It does not list its keys.
#[test]
fn machines_share_what_the_policies_let_them_on_redis() {
    let tier = Tier::on(redis(), "machines");
    machines::main_fills(&tier);
    machines::a_pull_request_has_a_scope_of_its_own(&tier);
    machines::a_release_takes_what_is_bound(&tier);
}

/// A build is right beside a tier that fails, says so in one line, and has waited for it at most as
/// long as it may. Later go commands of the machine do not wait at all.
#[track_caller]
fn costs_the_budget(machine: &Machine, code: &str) {
    let project = machine.project_of(RUNES, "");
    let built = project.go(&BUILD).succeeded();
    assert_eq!(built.stderr.matches("warning[").count(), 1, "{built:?}");
    assert_eq!(built.stderr.matches(code).count(), 1, "{built:?}");
    assert_eq!(remote_hits(&built.stderr), 0, "{built:?}");
    assert!(waited(&built.stderr) <= BUDGET + LATE, "{built:?}");
    project.write("lib/more.go", "package lib\n\nconst More = 1\n");
    let later = project.go(&BUILD).succeeded();
    assert!(later.stderr.contains(", waited 0.0 s"), "{later:?}");
}

/// Asks everybody to come back later.
fn refuse(mut client: TcpStream) {
    let request = BufReader::new(client.try_clone().expect("its other end"));
    let mut head = request.lines().map_while(Result::ok);
    if head.any(|line| line.is_empty()) {
        let answer = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 60\r\n\
                      Connection: close\r\nContent-Length: 0\r\n\r\n";
        // The client may be gone.
        let _ = client.write_all(answer.as_bytes());
    }
}

#[test]
fn a_service_that_asks_for_fewer_requests_is_told_once_and_costs_at_most_the_budget() {
    let tier = Tier {
        url: format!(
            "s3://bucket?endpoint=http://{}&region=any",
            served_by(refuse)
        ),
        variables: vec![
            ("CACHEWARDEN_S3_ACCESS_KEY_ID", "id".into()),
            ("CACHEWARDEN_S3_SECRET_ACCESS_KEY", "very-secret".into()),
        ],
    };
    let machine = tier.machine();
    costs_the_budget(&machine, "CW0708");
    // The upload waits in the background until the service takes something again.
    for process in processes_of(&machine.sandbox.store()) {
        // It may have ended by itself.
        let _ = rustix::process::kill_process(process_id(process), rustix::process::Signal::KILL);
    }
}

mod through_toxiproxy {
    use cachewarden_servers::{Proxy, before};
    use serde_json::json;

    use super::*;

    /// A tier behind a proxy.
    fn through(prefix: &str) -> (Proxy, Tier) {
        let server = seaweedfs();
        let proxy = before(server.socket);
        let tier = Tier {
            url: server.tier_at(prefix, proxy.socket),
            variables: server.credentials.clone(),
        };
        (proxy, tier)
    }

    /// What waits is sent once the network works again, and another machine finds it.
    #[track_caller]
    fn heals(proxy: &Proxy, machine: &Machine, tier: &Tier) {
        proxy.mend();
        machine.flush().succeeded();
        let other = tier.machine();
        let project = other.project_of(RUNES, "--remote-budget 60s");
        let built = project.go(&BUILD).succeeded();
        assert!(remote_hits(&built.stderr) > 3, "{built:?}");
    }

    #[test]
    fn a_connection_that_is_reset_costs_at_most_the_budget_on_seaweedfs() {
        let (proxy, tier) = through("reset");
        proxy.answer_with("reset_peer", json!({"timeout": 0}));
        let machine = tier.machine();
        costs_the_budget(&machine, "CW0706");
        heals(&proxy, &machine, &tier);
    }

    #[test]
    fn a_connection_on_which_nothing_comes_costs_at_most_the_budget_on_seaweedfs() {
        let (proxy, tier) = through("black-hole");
        proxy.answer_with("timeout", json!({"timeout": 0}));
        let machine = tier.machine();
        costs_the_budget(&machine, "CW0701");
        heals(&proxy, &machine, &tier);
    }
}

#[test]
fn wrong_credentials_are_told_once_and_show_nowhere_on_seaweedfs() {
    const SECRET: &str = "very-secret-4711";
    let mut tier = Tier::on(seaweedfs(), "wrong");
    for (name, value) in &mut tier.variables {
        if name.ends_with("SECRET_ACCESS_KEY") {
            SECRET.clone_into(value);
        }
    }
    let machine = tier.machine();
    let record = machine.sandbox.path("record.jsonl");
    let options = format!("--record '{}'", record.display());
    let built = machine.project_of(RUNES, &options).go(&BUILD).succeeded();
    assert_eq!(built.stderr.matches("warning[").count(), 1, "{built:?}");
    assert!(built.stderr.contains("CW0703"), "{built:?}");
    let recorded = fs::read_to_string(&record).expect("a recording");

    let mut helper = machine.sandbox.helper(&["--remote", &tier.url]);
    helper.put(&action("any"), b"any").kept();
    let arguments: String = processes_of(&machine.sandbox.store())
        .iter()
        .filter_map(|id| fs::read_to_string(format!("/proc/{id}/cmdline")).ok())
        .collect();
    assert!(arguments.contains(&tier.url), "{arguments}");
    let helped = helper.close();
    machine.sandbox.settle();

    let flushed = machine.flush().exited(3);
    assert!(flushed.stderr.contains("does not allow it"), "{flushed:?}");
    let doctor = machine.sandbox.run(&["doctor", "--remote", &tier.url]);
    let stats = machine.sandbox.run(&["stats", "--remote", &tier.url]);
    let said = [&built, &flushed, &doctor, &stats].map(|said| format!("{said:?}"));
    let all = said.into_iter().chain([recorded, arguments, helped]);
    for text in all {
        assert!(!text.contains(SECRET), "{text}");
    }
}

/// Origin: the doctor said that such a tier can be read and written, while no build read it and no
/// upload wrote it.
#[test]
fn a_key_that_does_not_list_is_told_by_the_doctor_on_seaweedfs() {
    let mut tier = Tier::on(seaweedfs(), "unlisting");
    tier.variables = seaweedfs_unlisting();
    for option in ["mode=readwrite", "mode=read"] {
        let tier = tier.with(option);
        let machine = tier.machine();
        let told = machine.sandbox.run(&["doctor", "--remote", &tier.url]);
        let told = told.exited(1).stdout;
        for part in ["wrong  remote tier: ", "s3:ListBucket"] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
    // Where each entry has a key, nothing is listed.
    let single = tier.with("layout=single");
    let told = single
        .machine()
        .sandbox
        .run(&["doctor", "--remote", &single.url])
        .stdout;
    assert!(told.contains("ok     remote tier: "), "{told}");
}

/// Origin: `flush` promised that the next one sends what the key may never write.
#[test]
fn a_key_that_may_only_read_is_told_with_the_next_step_on_seaweedfs() {
    let mut tier = Tier::on(seaweedfs(), "reader");
    let writer = tier.machine();
    writer.project_of(RUNES, "").go(&BUILD).succeeded();
    writer.flush().succeeded();
    tier.variables = seaweedfs_reader();
    let reader = tier.machine();
    let project = reader.project_of(RUNES, "");
    let built = project.go(&BUILD).succeeded();
    assert!(remote_hits(&built.stderr) > 0, "{built:?}");
    // Each build has something to send. The second one says that the first upload was refused.
    let mut told = Vec::new();
    for version in 1..=3 {
        let more = format!("package lib\n\nconst More = {version}\n");
        project.write("lib/more.go", &more);
        told.push(project.go(&BUILD).succeeded().stderr);
        reader.sandbox.settle();
    }
    let has_told = told.iter().map(|told| told.contains("CW0715"));
    assert_eq!(
        has_told.collect::<Vec<_>>(),
        [false, true, false],
        "{told:?}"
    );
    assert!(told[1].contains("does not allow it"), "{told:?}");
    let told = reader.flush().exited(3).stderr;
    for part in ["does not allow it", "mode=read", "cachewarden doctor"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("The next session or flush"), "{told}");
    let prune = [
        "remote",
        "prune",
        "--older-than",
        "0s",
        "--remote",
        &tier.url,
    ];
    let told = reader.sandbox.run(&prune).exited(2).stderr;
    for part in ["CW0714", "a key that may write and delete", "--dry-run"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let listed = reader.sandbox.run(&["remote", "ls", "--remote", &tier.url]);
    assert!(listed.succeeded().stdout.contains("default: "));
}

/// Origin: an object that memcached does not take was dropped, and nothing ever said so.
#[test]
fn what_is_too_large_for_the_service_is_told_later_too_on_memcached() {
    let tier = Tier::on(memcached(), "large");
    let machine = tier.machine();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .take(200_000)
    .flatten()
    .collect();
    let mut helper = machine.sandbox.helper(&["--remote", &tier.url]);
    helper.put(&action("large"), &noise).kept();
    helper.close();
    // The uploader of the session has met it.
    machine.sandbox.settle();
    let told = machine.flush().succeeded().stderr;
    let too_large = "1 entry was too large for this service";
    assert!(told.contains(too_large), "{told}");
    let told = machine.sandbox.run(&["stats"]).succeeded().stdout;
    assert!(told.contains("1 entry not sent"), "{told}");
}
