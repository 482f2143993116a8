use super::*;

fn options(text: &str) -> Vec<(String, String)> {
    let address = Address::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(address.to_string(), text);
    address.options.into_iter().collect()
}

fn told(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn an_address_says_what_its_service_needs() {
    for (text, expected) in [
        (
            "s3://team/go/cache?region=eu-west-1",
            &[
                ("bucket", "team"),
                ("region", "eu-west-1"),
                ("root", "/go/cache/"),
            ][..],
        ),
        (
            "s3://team?endpoint=http%3A%2F%2F127.0.0.1%3A8333",
            &[("bucket", "team"), ("endpoint", "http://127.0.0.1:8333")],
        ),
        ("gs://team/go", &[("bucket", "team"), ("root", "/go/")]),
        (
            "azblob://box/go?account-name=x",
            &[
                ("account_name", "x"),
                ("container", "box"),
                ("root", "/go/"),
            ],
        ),
        (
            "redis://cache:6379/2/go",
            &[
                ("db", "2"),
                ("endpoint", "redis://cache:6379"),
                ("root", "/go/"),
            ],
        ),
        (
            "redis://cache/go",
            &[("endpoint", "redis://cache"), ("root", "/go/")],
        ),
        (
            "memcached://cache:11211",
            &[("endpoint", "tcp://cache:11211")],
        ),
        (
            "webdav+https://dav.example:8443/a%20b",
            &[("endpoint", "https://dav.example:8443"), ("root", "/a b/")],
        ),
        (
            "webdav+http://localhost/go",
            &[("endpoint", "http://localhost"), ("root", "/go/")],
        ),
        ("file:///mnt/cache", &[("root", "/mnt/cache/")]),
        ("ghac:", &[]),
    ] {
        assert_eq!(options(text), told(expected), "{text}");
    }
}

#[test]
fn a_mode_says_what_the_tier_is_for() {
    for (text, reads, writes) in [
        ("file:///c", true, true),
        ("file:///c?mode=read", true, false),
        ("file:///c?mode=write", false, true),
        ("file:///c?mode=readwrite", true, true),
    ] {
        let mode = Address::parse(text).unwrap().mode;
        assert_eq!((mode.reads(), mode.writes()), (reads, writes), "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_with_the_way_out() {
    for (text, expected) in [
        ("", "no URL"),
        ("bucket/prefix", "for example s3://bucket/prefix"),
        ("/mnt/x", "has the address file:///mnt/x"),
        ("/mnt/a b?mode=read", "has the address file:///mnt/a%20b"),
        ("memcache://host", "did you mean `memcached`?"),
        ("gcs://bucket", "there are s3, gs, azblob"),
        ("s3:///prefix", "has no bucket; expected s3://bucket/prefix"),
        ("file:///", "has no folder; expected file:///mnt/cache"),
        ("file://mnt/cache", "has no third `/`"),
        ("redis:///0", "has no host"),
        (
            "s3://key:secret@bucket",
            "set CACHEWARDEN_S3_ACCESS_KEY_ID, CACHEWARDEN_S3_SECRET_ACCESS_KEY",
        ),
        ("redis://:secret@host", "CACHEWARDEN_REDIS_PASSWORD"),
        (
            "s3://bucket?secret_access_key=x",
            "set CACHEWARDEN_S3_SECRET_ACCESS_KEY",
        ),
        (
            "s3://bucket?secret-access-key=x",
            "set CACHEWARDEN_S3_SECRET_ACCESS_KEY",
        ),
        (
            "azblob://box?sas_token=x",
            "set CACHEWARDEN_AZBLOB_SAS_TOKEN",
        ),
        (
            "s3://bucket?endpoint=https://key:secret@minio",
            "set CACHEWARDEN_S3_ACCESS_KEY_ID",
        ),
        (
            "s3://bucket?server-side-encryption-customer-key=secret",
            "set CACHEWARDEN_S3_SERVER_SIDE_ENCRYPTION_CUSTOMER_KEY",
        ),
        (
            "s3://bucket?regin=x",
            "s3: has no option `regin`, did you mean `region`?",
        ),
        ("s3://bucket?bucket=other", "has no option `bucket`"),
        ("s3://bucket?mod=read", "did you mean `mode`?"),
        ("s3://bucket?mode=ro", "expected read, write or readwrite"),
        (
            "s3://bucket?endpoint=http%3A%2F%2Fminio%3A9000",
            "plain HTTP",
        ),
        ("webdav+http://dav.example/x", "`allow-http=true`"),
        ("file:///share/go-cache&mode=read", "begins with `?`"),
        (
            "s3://go-cache/widget&mode=read?endpoint=http://127.0.0.1:1",
            "`&mode=`",
        ),
        ("s3://go-cache&region=x", "`&region=`"),
        ("ghac:&mode=read", "`&mode=`"),
        ("redis://host/0/x&default-ttl=14d", "`&default-ttl=`"),
        (
            "s3://b/x&secret-access-key=:secret",
            "set CACHEWARDEN_S3_SECRET_ACCESS_KEY",
        ),
        (
            "file:///c?mode=read&mode=readwrite",
            "`mode` is there twice",
        ),
        ("s3://b?region=a&region=a", "`region` is there twice"),
        ("s3://b?allow-http=true&allow_http=false", "is there twice"),
        (
            "s3://b?region=x file:///c",
            "on a line of its own in CACHEWARDEN_REMOTE",
        ),
        ("file:///a b", "`%20`"),
        ("s3://:secret@bucket file:///c", "in a --remote of its own"),
        ("azblob://box/x", "has no option `account-name`"),
        (
            "s3://b?endpoint=127.0.0.1:18333",
            "`endpoint=127.0.0.1:18333`: expected http:// or https://",
        ),
        (
            "gs://b?endpoint=localhost:4443",
            "expected http:// or https://",
        ),
        (
            "s3://b?endpoint=k:secret@minio",
            "no credentials before an `@`",
        ),
        (
            "azblob://b?endpoint=https://x/?sig=secret",
            "`endpoint=https://x/`: expected no `?`",
        ),
        ("redis://host/0?default-ttl=14", "such as 14d"),
        ("memcached://host?default-ttl=x", "such as 14d"),
        ("webdav+http://127.0.0.1.example.org/x", "`allow-http=true`"),
    ] {
        let error = Address::parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
        assert!(
            !error.contains("secret@") && !error.contains(":secret"),
            "{error}"
        );
    }
    assert!(Address::parse("webdav+http://dav.example/x?allow-http=true").is_ok());
}

/// Origin: texts of errors that had the whole address.
#[test]
fn no_error_has_what_may_be_a_credential() {
    let mut refused = 0;
    for scheme in ServiceKind::all_schemes() {
        let kind = ServiceKind::of_scheme(scheme).unwrap();
        let places = [
            "b/x",
            "/x",
            "",
            "SECRET@b/x",
            "u:SECRET@b/x",
            ":SECRET@/x",
            "SECRET:SECRET@",
            "u:SECRET@b:port/",
            "b:SECRET@b/x",
            "[u:SECRET@b/x",
        ];
        let mut options: Vec<String> = kind
            .credentials()
            .iter()
            .flat_map(|name| [(*name).to_owned(), name.replace('_', "-")])
            .map(|name| format!("{name}=SECRET"))
            .collect();
        options.push("password=SECRET".to_owned());
        for value in [
            "u:SECRET@127.0.0.1:1",
            "//u:SECRET@127.0.0.1:1",
            "http://u:SECRET@127.0.0.1:1",
            "http:u:SECRET@h",
            "https://SECRET@h/x",
            "http://h/?sig=SECRET",
            "h?sig=SECRET",
            "http://h/%3Fsig%3DSECRET",
        ] {
            options.push(format!("endpoint={value}"));
        }
        let with_options = options.iter().flat_map(|option| {
            places[..3].iter().flat_map(move |place| {
                [
                    format!("{scheme}://{place}?{option}"),
                    format!("{scheme}://{place}?mode=x&{option}"),
                    format!("{scheme}://{place}?{option}&{option}"),
                    format!("{scheme}x://{place}?{option}"),
                    format!("{place}?{option}"),
                    format!("{scheme}://{place} ?{option}"),
                ]
            })
        });
        let in_paths = kind.credentials().iter().flat_map(|name| {
            places[..3]
                .iter()
                .map(move |place| format!("{scheme}://{place}&{name}=SECRET"))
        });
        let with_users = places[3..].iter().flat_map(|place| {
            [
                format!("{scheme}://{place}"),
                format!("{scheme}x://{place}"),
                format!("//{place}"),
                (*place).to_owned(),
                format!("/{place}"),
                format!("{scheme}:{place}"),
            ]
        });
        for text in with_options.chain(in_paths).chain(with_users) {
            if let Err(error) = Address::parse(&text) {
                refused += 1;
                let told = format!("{error} {error:?}").to_lowercase();
                assert!(!told.contains("secret@"), "{text}: {told}");
                // The names of options and variables have the word, too.
                let told = told
                    .replace("secret_access_key", "")
                    .replace("secret-access-key", "");
                assert!(!told.contains("secret"), "{text}: {told}");
            }
        }
    }
    assert!(refused > 1000, "{refused}");
}

#[test]
fn what_only_looks_like_an_option_or_a_second_address_is_part_of_the_path() {
    for (text, root) in [
        ("file:///a%20b", "/a b/"),
        ("file:///a&b=c", "/a&b=c/"),
        ("file:///a%26mode=read", "/a&mode=read/"),
        ("azblob://box/x?endpoint=http://127.0.0.1:1/name", "/x/"),
    ] {
        let address = Address::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(address.options["root"], root, "{text}");
        assert_eq!(address.mode, Mode::ReadWrite);
    }
}

#[test]
fn credentials_are_those_that_are_set_and_not_empty_and_are_never_shown() {
    let address = Address::parse("s3://bucket").unwrap();
    let found = Credentials::of(&address, |name| match name {
        "CACHEWARDEN_S3_ACCESS_KEY_ID" => Some("id".into()),
        "CACHEWARDEN_S3_SECRET_ACCESS_KEY" => Some("hidden".into()),
        "CACHEWARDEN_S3_SESSION_TOKEN" => Some(String::new()),
        _ => None,
    });
    let names: Vec<_> = found.0.keys().collect();
    assert_eq!(names, ["access_key_id", "secret_access_key"]);
    assert!(!format!("{found:?}").contains("hidden"));
}

#[test]
fn what_a_terminal_would_obey_is_not_shown() {
    let address = Address::parse("file:///tier\u{1b}[2J\u{202e}/x").unwrap();
    assert_eq!(address.to_string(), "file:///tier\\u{1b}[2J\\u{202e}/x");
    assert!(
        address.options["root"].contains('\u{1b}'),
        "it is the same folder"
    );
}

#[test]
fn an_address_has_a_layout_that_its_service_can_have() {
    for (text, layout) in [
        ("s3://bucket", Layout::Packs),
        ("redis://host:1/0/prefix", Layout::Packs),
        ("redis://host:1/?layout=single", Layout::Single),
        ("webdav+https://host/path", Layout::Packs),
        ("memcached://host:1", Layout::Single),
        ("memcached://host:1?layout=single", Layout::Single),
    ] {
        assert_eq!(Address::parse(text).unwrap().layout(), layout, "{text}");
    }
    let error = Address::parse("memcached://host:1?layout=packs").unwrap_err();
    let text = error.to_string();
    assert!(text.contains("`layout=packs`: expected single"), "{text}");
}
