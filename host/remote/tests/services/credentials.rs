//! A service that does not let us in is never taken for one that has nothing.

use cachewarden_remote::{Service, ServiceError};
use cachewarden_servers::{
    Server, azurite, fake_gcs, memcached_with_users, nginx, redis, redis_reader, s3proxy,
    seaweedfs, wsgidav,
};

use crate::support::at;

/// What each call comes to.
async fn errors(service: &Service) -> [ServiceError; 3] {
    [
        service.read("v1/a", 10).await.unwrap_err(),
        service.has("v1/a").await.unwrap_err(),
        service.write("v1/a", b"a".to_vec()).await.unwrap_err(),
    ]
}

async fn wrong_ones_are_denied(server: &Server) {
    let service = at(&server.tier("wrong"), &server.wrong);
    for error in errors(&service).await {
        assert!(matches!(error, ServiceError::Denied(_)), "{error:?}");
        let text = format!("{error:?}");
        for (name, value) in server.wrong.iter().chain(&server.credentials) {
            assert!(value.len() < 6 || !text.contains(value), "{name}: {text}");
        }
    }
}

#[tokio::test]
async fn wrong_ones_are_denied_on_azurite() {
    wrong_ones_are_denied(azurite()).await;
}

#[tokio::test]
async fn wrong_ones_are_denied_on_nginx() {
    wrong_ones_are_denied(nginx()).await;
}

#[tokio::test]
async fn wrong_ones_are_denied_on_s3proxy() {
    wrong_ones_are_denied(s3proxy()).await;
}

#[tokio::test]
async fn wrong_ones_are_denied_on_seaweedfs() {
    wrong_ones_are_denied(seaweedfs()).await;
}

#[tokio::test]
async fn wrong_ones_are_denied_on_wsgidav() {
    wrong_ones_are_denied(wsgidav()).await;
}

#[tokio::test]
async fn wrong_ones_are_denied_on_redis() {
    wrong_ones_are_denied(redis()).await;
    // None at all.
    let service = at(&redis().tier("none"), &Vec::new());
    for error in errors(&service).await {
        assert!(matches!(error, ServiceError::Denied(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_user_who_may_only_read_is_denied_to_write_on_redis() {
    let service = at(&redis().tier("user"), &redis().credentials);
    service.write("v1/a", b"a".to_vec()).await.unwrap();
    let reader = at(&redis().tier("user"), &redis_reader());
    let read = reader.read("v1/a", 10).await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"a"[..]));
    let error = reader.write("v1/a", b"b".to_vec()).await.unwrap_err();
    assert!(matches!(error, ServiceError::Denied(_)), "{error:?}");
}

#[tokio::test]
async fn wrong_ones_are_denied_on_memcached() {
    wrong_ones_are_denied(memcached_with_users()).await;
}

async fn a_bucket_that_is_not_there_is_an_error(server: &Server) {
    let address = server.tier("x").replace("://cache/", "://other/");
    let service = at(&address, &server.credentials);
    let write = service.write("v1/a", b"a".to_vec()).await.unwrap_err();
    assert_names(&address, &write);
    let read = service.read("v1/a", 10).await.unwrap_err();
    assert_names(&address, &read);
}

fn assert_names(address: &str, error: &ServiceError) {
    assert!(matches!(error, ServiceError::Config { .. }), "{error:?}");
    assert!(error.to_string().contains(address), "{error}");
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_an_error_on_azurite() {
    a_bucket_that_is_not_there_is_an_error(azurite()).await;
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_an_error_on_s3proxy() {
    a_bucket_that_is_not_there_is_an_error(s3proxy()).await;
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_an_error_on_seaweedfs() {
    a_bucket_that_is_not_there_is_an_error(seaweedfs()).await;
}

/// The server does not say of what is read that there is no bucket.
#[tokio::test]
async fn a_bucket_that_is_not_there_is_an_error_on_fake_gcs() {
    let address = fake_gcs().tier("x").replace("gs://cache/", "gs://other/");
    let service = at(&address, &Vec::new());
    let write = service.write("v1/a", b"a".to_vec()).await.unwrap_err();
    assert_names(&address, &write);
}
