//! Values: written, read, looked for.

use cachewarden_remote::ServiceError;
use cachewarden_remote::format::{FORMAT_KEY, entry_key, object_key};
use cachewarden_servers::Server;
use cachewarden_types::{Digest, ScopeName};

use crate::support::{bytes, on_each_server, open};

async fn a_value_is_there_once_it_was_written(server: &Server) {
    let service = open(server, "written");
    let object = object_key(&Digest::of(b"written"));
    for key in [&object, FORMAT_KEY] {
        assert_eq!(service.read(key, 1000).await.unwrap(), None, "{key}");
        assert!(!service.has(key).await.unwrap(), "{key}");
        for value in [&b"first"[..], b"", b"second, and longer"] {
            service.write(key, value.to_vec()).await.unwrap();
            let read = service.read(key, 1000).await.unwrap();
            assert_eq!(read.as_deref(), Some(value), "{key}");
            assert!(service.has(key).await.unwrap(), "{key}");
        }
    }
    let other = open(server, "other");
    assert_eq!(other.read(&object, 1000).await.unwrap(), None);
}

on_each_server!(a_value_is_there_once_it_was_written);

async fn a_value_that_changes_is_read_as_it_was_written_last(server: &Server) {
    let service = open(server, "latest");
    let key = "v1/lists/main";
    assert_eq!(service.read_latest(key, 1000).await.unwrap(), None);
    for value in [&b"first"[..], b"second, and longer", b"third"] {
        service.write_latest(key, value.to_vec()).await.unwrap();
        let read = service.read_latest(key, 1000).await.unwrap();
        assert_eq!(read.as_deref(), Some(value));
    }
    let error = service.read_latest(key, 4).await.unwrap_err();
    assert!(matches!(error, ServiceError::TooLarge { .. }), "{error:?}");
}

on_each_server!(a_value_that_changes_is_read_as_it_was_written_last);

async fn a_part_of_a_value_comes_alone(server: &Server) {
    let service = open(server, "part");
    let value = bytes(3_000_000);
    service.write("v1/packs/a", value.clone()).await.unwrap();
    for part in [0..1, 7..1_000_000, 100..2_500_000, 2_999_999..3_000_000] {
        let (begin, end) = (part.start as usize, part.end as usize);
        let mut parts = service
            .open_part("v1/packs/a", part.clone())
            .await
            .unwrap()
            .unwrap();
        let mut read = Vec::new();
        while let Some(bytes) = parts.next().await.unwrap() {
            read.extend_from_slice(&bytes);
        }
        assert!(read == value[begin..end], "{part:?}");
    }
    let none = service.open_part("v1/packs/b", 0..10).await.unwrap();
    assert!(none.is_none());
    // What is not there is an error, or comes short.
    if let Ok(Some(mut parts)) = service.open_part("v1/packs/a", 3_000_000..3_000_010).await {
        while let Ok(Some(part)) = parts.next().await {
            assert!(part.is_empty());
        }
    }
}

on_each_server!(with parts: a_part_of_a_value_comes_alone);

async fn a_value_that_was_removed_is_gone(server: &Server) {
    let service = open(server, "removed");
    let key = object_key(&Digest::of(b"removed"));
    service.delete(&key).await.unwrap();
    service.write(&key, b"value".to_vec()).await.unwrap();
    service.write("v1/other", b"other".to_vec()).await.unwrap();
    for _ in 0..2 {
        service.delete(&key).await.unwrap();
        assert_eq!(service.read(&key, 1000).await.unwrap(), None);
        assert!(!service.has(&key).await.unwrap());
    }
    let other = service.read("v1/other", 1000).await.unwrap();
    assert_eq!(other.as_deref(), Some(&b"other"[..]));
}

on_each_server!(a_value_that_was_removed_is_gone);

async fn a_value_is_read_up_to_the_bound(server: &Server) {
    let service = open(server, "bound");
    let value = bytes(300_000);
    let key = object_key(&Digest::of(&value));
    service.write(&key, value.clone()).await.unwrap();
    for most in [300_000, 300_001, u64::MAX] {
        let read = service.read(&key, most).await.unwrap();
        assert!(read.as_ref() == Some(&value), "{most}");
    }
    for most in [0, 1, 299_999] {
        let error = service.read(&key, most).await.unwrap_err();
        assert!(matches!(error, ServiceError::TooLarge { .. }), "{error:?}");
    }
    let mut parts = service.open(&key).await.unwrap().unwrap();
    let mut whole = Vec::new();
    while let Some(part) = parts.next().await.unwrap() {
        whole.extend_from_slice(&part);
    }
    assert!(whole == value);
}

on_each_server!(a_value_is_read_up_to_the_bound);

async fn a_large_value_is_kept_whole_or_refused_before_it_is_sent(server: &Server) {
    let service = open(server, "large");
    let value = bytes(20_000_000);
    let key = object_key(&Digest::of(&value));
    if let Some(most) = service.most().filter(|most| *most < 20_000_000) {
        let error = service.write(&key, value.clone()).await.unwrap_err();
        assert!(matches!(error, ServiceError::TooLarge { .. }), "{error:?}");
        assert_eq!(service.read(&key, u64::MAX).await.unwrap(), None);
        let value = &value[..usize::try_from(most).unwrap()];
        service.write(&key, value.to_vec()).await.unwrap();
        let read = service.read(&key, u64::MAX).await.unwrap().unwrap();
        assert!(read == value);
    } else {
        service.write(&key, value.clone()).await.unwrap();
        let read = service.read(&key, u64::MAX).await.unwrap().unwrap();
        assert!(read == value);
    }
}

on_each_server!(a_large_value_is_kept_whole_or_refused_before_it_is_sent);

async fn the_longest_key_is_taken_or_has_no_value(server: &Server) {
    let service = open(server, "long");
    let scope: ScopeName = "A".repeat(96).parse().unwrap();
    let key = entry_key(&scope, &Digest::of(b"long"));
    assert_eq!(service.read(&key, 10).await.unwrap(), None);
    assert!(!service.has(&key).await.unwrap());
    match service.write(&key, b"value".to_vec()).await {
        Ok(()) => {
            assert!(service.has(&key).await.unwrap());
            let read = service.read(&key, 10).await.unwrap();
            assert_eq!(read.as_deref(), Some(&b"value"[..]));
        }
        Err(error) => {
            assert!(!service.takes(&key));
            assert!(matches!(error, ServiceError::Unsupported(_)), "{error:?}");
            // It has done no harm to the connection.
            service.write("v1/short", b"value".to_vec()).await.unwrap();
            assert!(service.has("v1/short").await.unwrap());
        }
    }
}

on_each_server!(the_longest_key_is_taken_or_has_no_value);
