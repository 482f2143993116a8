mod hostile;
mod listings;

use std::fs;
use std::io::{Read, Write};

use super::*;
use crate::test_server;

/// The documents show these addresses.
#[tokio::test]
async fn the_example_of_each_service_lacks_nothing() {
    for scheme in ServiceKind::all_schemes() {
        let kind = ServiceKind::of_scheme(scheme).unwrap();
        // The job's environment is a part of it.
        if kind == ServiceKind::Ghac {
            continue;
        }
        let address = Address::parse(kind.example()).unwrap();
        let service = Service::at(&address, &Credentials::default());
        assert!(service.is_ok(), "{}: {service:?}", kind.example());
    }
}

#[tokio::test]
async fn a_write_to_a_folder_that_is_broken_off_leaves_nothing_at_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::parse(&format!("file://{}", folder.path().display())).unwrap();
    let service = Service::at(&address, &Credentials::default()).unwrap();
    let files = || fs::read_dir(folder.path()).unwrap().count();
    let mut write = Box::pin(service.write("object", vec![b'x'; 50_000_000]));
    while files() == 0 {
        assert!(futures_util::poll!(&mut write).is_pending(), "it is large");
        tokio::task::yield_now().await;
    }
    drop(write);
    assert!(!service.has("object").await.unwrap());
    let left = service.unfinished().await.unwrap();
    assert_eq!(left.len(), 1, "what a prune removes");
    service.write("object", b"whole".to_vec()).await.unwrap();
    let value = service.read("object", 100).await.unwrap();
    assert_eq!(value.as_deref(), Some(&b"whole"[..]));
    assert_eq!(files(), 2);
}

/// Origin: a WebDAV server that answers a request for a part with the whole, whose beginning was
/// taken for a damaged part.
#[tokio::test]
async fn a_server_that_gives_the_whole_instead_of_a_part_is_read_all_the_same() {
    let whole: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let served = whole.clone();
    let port = test_server::start_with_bodies(move |asked| {
        assert!(asked.headers.contains("range: bytes="), "{}", asked.headers);
        (200, String::new(), served.clone())
    });
    let address = Address::parse(&format!("webdav+http://127.0.0.1:{port}/")).unwrap();
    let service = Service::at(&address, &Credentials::default()).unwrap();
    for part in [0..7, 100_000..300_001, 399_999..400_000] {
        let parts = service.open_part("v1/packs/a", part.clone()).await.unwrap();
        let value = parts.unwrap().collect("a", 1_000_000).await.unwrap();
        assert!(
            value == whole[part.start as usize..part.end as usize],
            "{part:?}"
        );
    }
    // Where there is less than is asked for, it comes short, or is an error.
    for part in [399_999..400_010, 400_000..400_001] {
        if let Ok(Some(parts)) = service.open_part("v1/packs/a", part).await
            && let Ok(value) = parts.collect("a", 100).await
        {
            assert!(value.len() <= 1, "{value:?}");
        }
    }
}

#[tokio::test]
async fn a_value_is_read_up_to_its_bound() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("file://{}/tier", folder.path().display());
    let address = Address::parse(&address).unwrap();
    let service = Service::at(&address, &Credentials::default()).unwrap();
    assert_eq!(service.read("v1/a", 10).await.unwrap(), None);
    assert!(!service.has("v1/a").await.unwrap());
    service.write("v1/a", b"0123456789".to_vec()).await.unwrap();
    assert!(service.has("v1/a").await.unwrap());
    for most in [10, 11, 1000] {
        let value = service.read("v1/a", most).await.unwrap();
        assert_eq!(value.as_deref(), Some(&b"0123456789"[..]), "{most}");
    }
    for most in [0, 9] {
        let error = service.read("v1/a", most).await.unwrap_err();
        assert!(matches!(error, ServiceError::TooLarge { .. }), "{error}");
    }
    for _ in 0..2 {
        service.delete("v1/a").await.unwrap();
        assert_eq!(service.read("v1/a", 10).await.unwrap(), None);
    }
}

/// Windows has no pipes in folders. Origin: a pipe in a folder left a thread behind for each session of a daemon, until no value was read
/// any more.
#[cfg(unix)]
#[tokio::test]
async fn a_pipe_in_a_folder_is_not_opened() {
    use std::os::unix::fs::OpenOptionsExt;

    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
    let address = Address::parse(&format!("file://{}", folder.path().display())).unwrap();
    let service = Service::at(&address, &Credentials::default()).unwrap();
    let read = service.read("pipe", 10).await;
    let opened = service.open_part("pipe", 0..1).await;
    let latest = service.read_latest("pipe", 10).await;
    // To write it without waiting fails where nobody has opened it.
    let flags = rustix::fs::OFlags::NONBLOCK.bits();
    let written = fs::File::options()
        .write(true)
        .custom_flags(i32::try_from(flags).unwrap())
        .open(&pipe);
    assert!(written.is_err(), "somebody waits for what is written");
    for error in [
        read.unwrap_err(),
        latest.unwrap_err(),
        opened.err().unwrap(),
    ] {
        let text = cachewarden_types::with_causes(&error);
        assert!(text.contains("no regular file"), "{text}");
    }
    assert!(!service.has("pipe").await.unwrap());
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_told_by_what_to_write() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // The client may be gone.
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        }
    });
    for address in [
        format!("webdav+https://127.0.0.1:{port}/"),
        format!("s3://b?endpoint=https://127.0.0.1:{port}&region=x&skip-signature=true"),
    ] {
        let address = Address::parse(&address).unwrap();
        let service = Service::at(&address, &Credentials::default()).unwrap();
        let error = service.read("v1/a", 10).await.unwrap_err();
        let is_config = matches!(error, ServiceError::Config { .. });
        let text = cachewarden_types::with_causes(&error);
        assert!(is_config && text.contains("does not speak TLS"), "{text}");
        assert!(text.contains("webdav+http://"), "{text}");
    }
}

#[tokio::test]
async fn where_there_is_no_credential_the_variables_are_named_and_not_the_service() {
    let s3 = "s3://b?endpoint=http://127.0.0.1:1&region=x&disable-config-load=true&disable-ec2-metadata=true";
    let gs = "gs://b?endpoint=http://127.0.0.1:1&disable-config-load=true&disable-vm-metadata=true";
    for (address, given, expected) in [
        (
            s3,
            "",
            "CACHEWARDEN_S3_ACCESS_KEY_ID and CACHEWARDEN_S3_SECRET_ACCESS_KEY are empty or not set",
        ),
        (
            s3,
            "access_key_id",
            "CACHEWARDEN_S3_SECRET_ACCESS_KEY is empty or not set, though CACHEWARDEN_S3_ACCESS_KEY_ID is set",
        ),
        (
            s3,
            "secret_access_key",
            "CACHEWARDEN_S3_ACCESS_KEY_ID is empty or not set",
        ),
        (
            gs,
            "",
            "CACHEWARDEN_GS_CREDENTIAL and CACHEWARDEN_GS_TOKEN are empty or not set",
        ),
        (
            gs,
            "credential",
            "CACHEWARDEN_GS_CREDENTIAL is set, and this service cannot use it",
        ),
    ] {
        let given = (!given.is_empty()).then(|| (given.to_owned(), "?".to_owned()));
        let credentials = Credentials(given.into_iter().collect());
        let address = Address::parse(address).unwrap();
        let service = Service::at(&address, &credentials).unwrap();
        let error = service.read("v1/a", 10).await.unwrap_err();
        let text = cachewarden_types::with_causes(&error);
        assert!(text.contains("no credential was found: "), "{text}");
        assert!(text.contains(expected), "{text}");
    }
}
