use std::fs;

use super::*;

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
