//! What of a log is written, kept and said to be missing.

use std::path::Path;

use cachewarden_recording::{Line, LostRecord, NumberedLine, RemovedRecord, read};

use super::share::MAX_WAITING;
use super::*;
use crate::config::Size;

fn config(folder: &Path, file: u64, all: u64) -> AuditConfig {
    AuditConfig {
        directory: folder.join("audit"),
        max_file_size: Size(file),
        max_size: Size(all),
        keep: Duration::from_secs(60),
        redact: Vec::new(),
    }
}

/// Lines of 65 bytes.
fn record(audit: &Audit, tenant: &str, lines: usize) {
    let mut recorder = audit.recorder(tenant, "00112233445566aa");
    for _ in 0..lines {
        recorder.write(0, &Line::Reopened).unwrap();
    }
}

/// The lines of a tenant's files.
fn lines(audit: &Audit, tenant: &str) -> Vec<Line> {
    let files = audit.files().unwrap().into_iter();
    let own = files.filter(|file| file.tenant == tenant);
    own.flat_map(|file| read(&file.path).unwrap())
        .map(|NumberedLine { line, .. }| line)
        .collect()
}

fn lost(lines: &[Line]) -> Vec<u64> {
    let lost = lines.iter().filter_map(|line| match line {
        Line::Lost(LostRecord { lines, .. }) => Some(*lines),
        _ => None,
    });
    lost.collect()
}

fn written(lines: &[Line]) -> usize {
    let is_written = |line: &&Line| matches!(line, Line::Reopened);
    lines.iter().filter(is_written).count()
}

#[test]
fn each_tenant_has_a_file_that_is_put_aside_when_it_is_large() {
    let folder = tempfile::tempdir().unwrap();
    let audit = Audit::start(&config(folder.path(), 200, 10_000)).unwrap();
    record(&audit, "main", 2);
    record(&audit, "fork", 10);
    let files = audit.files().unwrap();
    let of = |tenant: &str| files.iter().filter(|file| file.tenant == tenant).count();
    assert_eq!(of("main"), 1);
    assert!(of("fork") > 2);
    for file in &files {
        assert!(fs::metadata(&file.path).unwrap().len() <= 200);
    }
    assert_eq!(written(&lines(&audit, "fork")), 10, "none is lost");
    assert_eq!(audit.missing("fork"), Missing::default());
}

#[test]
fn a_line_that_is_larger_than_a_file_may_be_has_one_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let audit = Audit::start(&config(folder.path(), 10, 10_000)).unwrap();
    record(&audit, "main", 3);
    assert_eq!(audit.files().unwrap().len(), 3);
    assert_eq!(written(&lines(&audit, "main")), 3);
}

/// The writer has no turn until all of them are asked for.
#[test]
fn a_tenant_that_floods_loses_its_own_lines_alone_and_waits_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), 2 * MAX_WAITING as u64, 1 << 40);
    fs::create_dir(&config.directory).unwrap();
    let (turns, receiver) = channel();
    let counts = Counts::default();
    let share = |tenant: &str| Arc::new(Share::new(tenant, turns.clone(), counts.of(tenant)));
    let (fork, main) = (share("fork"), share("main"));
    let line = br#"{"policy-index":0,"line":"reopened"}"#;
    let flood = MAX_WAITING / (line.len() + 1) + 10;
    for number in 0..flood {
        fork.push(line);
        if number == 0 {
            main.push(line);
        }
    }
    // What finds room in the share after a loss is lost too: the gap is in one place.
    fork.push(b"");
    drop(turns);
    drop((fork, main));
    let all: Vec<_> = receiver.try_iter().collect();
    let order = all.iter().map(|turn| match turn {
        Turn::Write(share) => share.tenant(),
        Turn::List(_) => "",
    });
    assert_eq!(order.collect::<Vec<_>>(), ["fork", "main"]);
    let (turns, receiver) = channel();
    all.into_iter().for_each(|turn| turns.send(turn).unwrap());
    drop(turns);
    Writer::new(config.clone(), counts.clone()).run(&receiver);
    let of = |tenant: &str| {
        let file = config.directory.join(format!("{tenant}.jsonl"));
        let lines = read(&file).unwrap().into_iter();
        lines.map(|line| line.line).collect::<Vec<_>>()
    };
    assert_eq!(written(&of("main")), 1);
    let fork = of("fork");
    let gaps = lost(&fork);
    assert!(
        matches!(fork.last(), Some(Line::Lost(_))),
        "where they are missing"
    );
    assert_eq!(written(&fork) + gaps[0] as usize, flood + 1);
    assert_eq!(counts.of("fork").lost.load(Ordering::Relaxed), gaps[0]);
    assert_eq!(counts.of("main").lost.load(Ordering::Relaxed), 0);
}

#[test]
fn what_cannot_be_written_is_written_down_as_missing_when_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let audit = Audit::start(&config(folder.path(), 1_000, 10_000)).unwrap();
    let path = folder.path().join("audit/main.jsonl");
    fs::create_dir(&path).unwrap();
    record(&audit, "main", 3);
    assert!(
        audit.files().unwrap()[0].reader().is_err(),
        "it is a folder"
    );
    record(&audit, "main", 2);
    audit.files().unwrap();
    assert_eq!(audit.missing("main").lines, 5);
    fs::remove_dir(&path).unwrap();
    record(&audit, "main", 1);
    let found = lines(&audit, "main");
    let is_right = matches!(
        found[..],
        [Line::Lost(LostRecord { lines: 5, .. }), Line::Reopened]
    );
    assert!(is_right, "{found:?}");
    assert_eq!(audit.missing("main").lines, 5);
}

#[test]
fn a_log_is_bounded_in_all_and_says_what_was_removed() {
    let folder = tempfile::tempdir().unwrap();
    let audit = Audit::start(&config(folder.path(), 500, 2_000)).unwrap();
    record(&audit, "main", 5);
    for _ in 0..20 {
        record(&audit, "fork", 10);
        let files = audit.files().unwrap().into_iter();
        let sizes = files
            .filter(|file| file.tenant == "fork")
            .map(|file| fs::metadata(&file.path).unwrap().len());
        assert!(sizes.sum::<u64>() <= 2_000);
    }
    assert_eq!(
        written(&lines(&audit, "main")),
        5,
        "another's history stays"
    );
    let fork = lines(&audit, "fork");
    let now = share::now();
    let removed = fork.iter().rev().find_map(|line| match line {
        Line::Removed(RemovedRecord { until }) => Some(*until),
        _ => None,
    });
    assert!(
        removed.is_some_and(|until| until.abs_diff(now) < 60),
        "{fork:?}"
    );
    assert!(audit.missing("fork").files > 10);
    assert_eq!(audit.missing("main"), Missing::default());
}

#[test]
fn a_file_that_was_put_aside_goes_when_it_is_old() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), 1_000, 10_000);
    fs::create_dir(&config.directory).unwrap();
    let old = config.directory.join("main.17.jsonl");
    let others = ["main.jsonl", "main.x.jsonl", "notes.17.txt"];
    let others = others.map(|name| config.directory.join(name));
    for path in others.iter().chain([&old]) {
        fs::write(path, "").unwrap();
    }
    let audit = Audit::start(&config).unwrap();
    assert!(matches!(
        lines(&audit, "main")[..],
        [Line::Removed(RemovedRecord { until: 1 })]
    ));
    assert!(!old.exists());
    assert!(others.iter().all(|path| path.exists()));
}

/// A listed file has what it had when it was listed, also under another name.
#[test]
fn a_file_that_is_put_aside_while_it_is_read_is_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let audit = Audit::start(&config(folder.path(), 500, 10_000)).unwrap();
    record(&audit, "main", 2);
    let files = audit.files().unwrap();
    record(&audit, "main", 50);
    assert!(audit.files().unwrap().len() > 5);
    for _ in 0..2 {
        let mut text = String::new();
        io::Read::read_to_string(&mut files[0].reader().unwrap(), &mut text).unwrap();
        assert_eq!(text.lines().count(), 2);
    }
}
