//! What a person reads, whole: the reports of the verbs, and the errors that people meet first. A
//! change of a text shows here as a difference.
//!
//! The expected text stands beside its test. Where it changes, `cargo insta test --accept` rewrites
//! it, or write it by hand from the difference that the failed test prints. With CI set nothing is
//! rewritten.

use insta::assert_snapshot;

use crate::support::*;

/// What a verb printed, without what differs between two runs: this sandbox's folder, times and
/// hashes.
fn neutral(sandbox: &Sandbox, text: &str) -> String {
    let folder = sandbox
        .path("")
        .to_string_lossy()
        .trim_end_matches('/')
        .to_owned();
    let text = text
        .replace(&folder, "/sandbox")
        .replace(PROGRAM, "cachewarden");
    let lines = text.lines().map(|line| {
        let words = line.split(' ').map(|word| match word.len() {
            64.. if word.bytes().all(|byte| byte.is_ascii_hexdigit()) => "HASH",
            2.. if word
                .strip_suffix('s')
                .is_some_and(|age| age.parse::<u32>().is_ok()) =>
            {
                "0s"
            }
            _ => word,
        });
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What a verb printed to both streams.
#[track_caller]
fn report(sandbox: &Sandbox, arguments: &[&str], status: i32) -> String {
    let outcome = sandbox.run(arguments).exited(status);
    neutral(sandbox, &format!("{}{}", outcome.stdout, outcome.stderr))
}

fn filled() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&["--scope", "main"]);
    helper.put(&action("object"), b"known object").kept();
    helper.put(&action("list"), b"./a.go\n").kept();
    helper.get(&action("object")).hit();
    helper.get(&action("unknown")).miss();
    helper.close();
    sandbox
}

#[test]
fn statistics() {
    assert_snapshot!(report(&filled(), &["stats"], 0), @r#"
    /sandbox/store (named by the variable CACHEWARDEN_DIR)
    2 objects, 19 B

    1 session so far, in 0s
      gets                         2
      hits                         1  50.0 %
      misses                       1  50.0 %
      puts                         2  19 B
      bytes served              12 B  all from this machine

    by kind           hits  misses  rate  served  entries  held
    other                0       0           0 B        1  12 B
    file-list            0       0           0 B        1   7 B
    (own puts)           1                  12 B
    (not known)          0       1

    by scope          hits  puts  entries  held  last used
    main                 0     2        2  19 B         0s
    "#);
}

#[test]
fn a_store_that_is_whole_and_one_that_is_not() {
    let sandbox = filled();
    assert_snapshot!(report(&sandbox, &["verify"], 0), @r#"Checked 2 objects (19 B) and 2 entries of /sandbox/store (named by the variable CACHEWARDEN_DIR): nothing is damaged."#);
    damage(&object_path(&sandbox.store(), &sha256(b"known object")));
    assert_snapshot!(report(&sandbox, &["verify"], 1), @r#"
    /sandbox/store/objects/b8/b883a47ead9fda643e344e84e19e8a02a18729773f687704914e7f02de73525e: damaged object: its 12 bytes hash to HASH
    /sandbox/store/scopes/main/59/598ff336730ae0e57b8cdae1020815bf900d6dfa6a59a309d23e3f372f08a621: damaged object: it names HASH
    Checked 2 objects (19 B) and 2 entries of /sandbox/store (named by the variable CACHEWARDEN_DIR): 2 damaged; `cachewarden verify --repair` removes what is.
    "#);
    assert_snapshot!(report(&sandbox, &["verify", "--repair"], 1), @r#"
    /sandbox/store/objects/b8/b883a47ead9fda643e344e84e19e8a02a18729773f687704914e7f02de73525e: damaged object: its 12 bytes hash to 75bfe3945467f033f6f4bcca2fe244f87bea19cc1fd4f6389493ea0fa172b57e; removed
    /sandbox/store/scopes/main/59/598ff336730ae0e57b8cdae1020815bf900d6dfa6a59a309d23e3f372f08a621: missing object: it names b883a47ead9fda643e344e84e19e8a02a18729773f687704914e7f02de73525e, which is not there; removed
    Checked 2 objects (19 B) and 2 entries of /sandbox/store (named by the variable CACHEWARDEN_DIR): 2 damaged, all removed.
    "#);
}

#[test]
fn what_a_trim_would_remove() {
    assert_snapshot!(report(&filled(), &["prune", "--dry-run", "--all", "--now"], 0), @r#"Would remove 2 entries and 2 objects (19 B) from /sandbox/store (named by the variable CACHEWARDEN_DIR)."#);
}

#[test]
fn a_case_that_a_policy_answers_otherwise() {
    let sandbox = Sandbox::new();
    let policy = policy("agrees");
    let cases = r#"{"line":"session","scope":"default"}
{"line":"open","grant":{"write":"default","read":["default"]}}
{"line":"get","size":1,"kind":"probe","facts":[],"verdict":"miss"}
{"line":"put","size":1,"kind":"probe","facts":[],"verdict":"ephemeral"}
"#;
    let cases = text(sandbox.file("cases.jsonl", cases));
    assert_snapshot!(report(&sandbox, &["policy", "test", &policy, &cases], 1), @r#"
    /sandbox/cases.jsonl:3: get: expected "miss", got "hit"
    /sandbox/cases.jsonl:4: put: expected "ephemeral", got "shared"
    1 session, 3 questions, 2 differences
    "#);
}

#[test]
fn the_short_help() {
    assert_snapshot!(report(&Sandbox::new(), &["-h"], 0), @r#"
    A build cache for Go that asks a WebAssembly policy about every get and put.

    Usage: cachewarden [OPTIONS] [VERB]

    Verbs:
      stats    Show what the store holds, and what sessions did so far
      prune    Remove what is no longer used
      verify   Check every object and entry of the store
      doctor   Check the set-up with a real go command, and say what to type
      policy   Make, test and compile policies, print their contract
      serve    Run a daemon for several tenants (serve --help)
      connect  Serve a go command from a daemon (connect --help)

    Options:
          --policy <FILE>          Ask this policy, or several: FILE, FILE@sha256:HEX, a packaged NAME
          --settings <JSON|@FILE>  Its settings; each of several: FILE?settings=JSON
          --dir <DIR>              The store's folder; `cachewarden dir` prints it
      -v, --verbose                Say at the end what happened
      -h, --help                   Print this help; --help lists everything
      -V, --version                Print version

    Set: export GOCACHEPROG="cachewarden --no-env --policy '/path/p.wasm'"
    More: cachewarden --help, cachewarden help VERB, cachewarden setup
    "#);
}

#[test]
fn the_explanation_of_a_code() {
    assert_snapshot!(report(&Sandbox::new(), &["explain", "CW0103"], 0), @r#"
    CW0103 store-writable-by-others

    Other users may write the store. They could insert code into your builds, so the
    store is not used. A build goes on without a cache.

    What to do: If you trust what is in it: `chmod -R go-w FOLDER`. If you trust
    everybody who may write it: --allow-shared-store. After `mkdir` under a umask of
    0000, let cachewarden make the folder.
    "#);
}

#[test]
fn the_first_mistakes() {
    let sandbox = Sandbox::new();
    assert_snapshot!(report(&sandbox, &["stats", "--dir", "/nowhere"], 1), @r#"cachewarden: error[CW0108]: there is no store in /nowhere, named by --dir: the folder does not exist. The first build makes one; --dir names another folder"#);
    assert_snapshot!(report(&sandbox, &["--polcy", "p.wasm"], 2), @r#"
    cachewarden: error[CW0401]: unexpected argument '--polcy' found

      tip: a similar argument exists: '--policy'

    Usage: cachewarden --policy <FILE>

    For more information, try '--help'.
    "#);
    assert_snapshot!(report(&sandbox, &["policy", "test", "/nowhere/p.wasm", "cases.jsonl"], 2), @r#"cachewarden: error[CW0201]: cannot read the policy /nowhere/p.wasm: No such file or directory (os error 2); check the path of the policy (--policy)"#);
    assert_snapshot!(report(&sandbox, &["explain", "CW9999"], 2), @r#"cachewarden: error[CW0415]: `CW9999` is no code of cachewarden; `cachewarden explain` lists all, and docs/errors.md explains them"#);
    let configuration = text(sandbox.file("c.toml", "allow-writes = \"main\"\n"));
    assert_snapshot!(report(&sandbox, &["--config", &configuration, "dir"], 2), @r#"cachewarden: error[CW0406]: /sandbox/c.toml:1: `allow-writes` is no key; did you mean `allow-write`?"#);
}
