//! What all tests here use.

use cachewarden_remote::{Address, Credentials, Service};
use cachewarden_servers::{Server, Variables};

/// Makes a test of a check for each server; with `each protocol` for one server of each way to speak
/// to it; or `with parts` for those that give parts of values.
macro_rules! on_each_server {
    ($check:ident) => {
        mod $check {
            $crate::support::on_each_server!($check: on_memcached memcached,);
            $crate::support::on_each_server!(those with parts: $check);
        }
    };
    (each protocol: $check:ident) => {
        mod $check {
            $crate::support::on_each_server!($check:
                on_memcached memcached,
                on_redis redis,
                on_seaweedfs seaweedfs,
            );
        }
    };
    (with parts: $check:ident) => {
        mod $check {
            $crate::support::on_each_server!(those with parts: $check);
        }
    };
    (those with parts: $check:ident) => {
        $crate::support::on_each_server!($check:
            on_azurite azurite,
            on_fake_gcs fake_gcs,
            on_nginx nginx,
            on_redis redis,
            on_s3proxy s3proxy,
            on_seaweedfs seaweedfs,
            on_wsgidav wsgidav,
        );
    };
    ($check:ident: $($name:ident $server:ident,)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                super::$check(cachewarden_servers::$server()).await;
            }
        )*
    };
}

pub(crate) use on_each_server;

/// A tier of its own for the test, with what opens the server.
pub(crate) fn open(server: &Server, prefix: &str) -> Service {
    at(&server.tier(prefix), &server.credentials)
}

/// The service at an address.
pub(crate) fn at(address: &str, variables: &Variables) -> Service {
    let address = Address::parse(address).unwrap();
    let credentials = Credentials::of(&address, |name| {
        let mut variables = variables.iter();
        let found = variables.find(|(variable, _)| *variable == name);
        found.map(|(_, value)| value.clone())
    });
    Service::at(&address, &credentials).unwrap()
}

/// Bytes that no compression makes small, of any length.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
