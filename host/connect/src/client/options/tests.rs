use super::*;

fn parsed(words: &[&str]) -> Result<Options, String> {
    let words = words.iter().map(OsString::from);
    match parse_with("connect", words, Some("/env".into()))? {
        Parsed::Run(options) => Ok(*options),
        Parsed::Print(text) => Err(text),
    }
}

#[test]
fn every_option_is_read() {
    let options = parsed(&[
        "--socket=/s",
        "--token-command",
        "cat /t",
        "--policy",
        "/p.wasm",
        "--settings={}",
        "--when-down",
        "fail",
        "--private-dir=/private",
        "--connect-timeout=250ms",
        "--relay",
        "--whoami",
        "-v",
    ])
    .expect("options");
    assert_eq!(options.socket.path, PathBuf::from("/s"));
    assert_eq!(options.socket.token, TokenSource::Command("cat /t".into()));
    assert_eq!(options.socket.timeout, Duration::from_millis(250));
    assert_eq!(options.policy, Some(PathBuf::from("/p.wasm")));
    assert_eq!(options.settings.as_deref(), Some("{}"));
    assert_eq!(options.when_down, WhenDown::Fail);
    assert_eq!(options.private_dir, Some(PathBuf::from("/private")));
    assert!(options.relay && options.whoami && options.verbose);
}

#[test]
fn what_is_not_given_has_a_default() {
    let options = parsed(&[]).expect("options");
    assert_eq!(options.socket.path, PathBuf::from("/env"));
    assert_eq!(options.socket.token, TokenSource::None);
    assert_eq!(options.socket.timeout, Duration::from_secs(1));
    assert_eq!(options.when_down, WhenDown::Private);
    assert!(!(options.relay || options.whoami || options.verbose));
}

#[test]
fn wrong_words_are_named() {
    for (words, text) in [
        (&["--sokket=/s"][..], "--sokket"),
        (&["--socket"], "--socket"),
        (&["--socket=relative"], "absolute"),
        (&["--token-file=t"], "absolute"),
        (&["--token-file=/t", "--token-command=c"], "give one"),
        (&["--policy=p"], "absolute"),
        (&["--settings={}"], "--policy"),
        (&["--policy=/p", "--settings=@s"], "absolute"),
        (&["--when-down=maybe"], "`private` or `fail`"),
        (&["--connect-timeout=1"], "such as 500ms"),
        (&["--connect-timeout=0s"], "such as 500ms"),
        (&["--connect-timeout=-1s"], "such as 500ms"),
        (&["--relay=yes"], "--relay"),
        (&["build"], "build"),
    ] {
        let error = parsed(words).expect_err(text);
        assert!(error.contains(text), "{words:?}: {error}");
    }
    let none = parse_with("connect", [], None).expect_err("no socket");
    assert!(none.contains("CACHEWARDEN_SOCKET"), "{none}");
}

#[test]
fn help_has_every_option_and_fits_a_terminal() {
    let help = parsed(&["--help"]).expect_err("help");
    let source = include_str!("../options.rs");
    let options = source.split("Arg::Long(\"").skip(1);
    let mut count = 0;
    for option in options.filter_map(|rest| rest.split('"').next()) {
        assert!(help.contains(&format!("--{option}")), "{option}");
        count += 1;
    }
    assert_eq!(count, 13);
    assert!(help.lines().all(|line| line.chars().count() <= 100));
    assert!(help.contains("GOCACHEPROG=\"connect --socket"));
    let version = parsed(&["-V"]).expect_err("a version");
    assert_eq!(version, format!("connect {}\n", env!("CARGO_PKG_VERSION")));
}
