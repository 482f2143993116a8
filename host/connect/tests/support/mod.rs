//! What the tests share.

pub(crate) mod client;
pub(crate) mod daemon;
pub(crate) mod raw;

use std::io::Read;
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// How long something may take that should happen at once: so long that a test that waits for it
/// in vain has failed.
pub(crate) const FOREVER: Duration = Duration::from_secs(60);

/// What must arrive.
pub(crate) fn next<T>(receiver: &Receiver<T>) -> T {
    receiver.recv_timeout(FOREVER).expect("an event")
}

/// All that can be read.
pub(crate) fn all(mut stream: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("a stream that ends");
    bytes
}

/// Bytes that differ everywhere.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(length).collect()
}

/// Tests that need another user run as root. In CI that is a must.
pub(crate) fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    assert!(
        is_root || std::env::var_os("CI").is_none(),
        "run as root, so that clients can be other users"
    );
    is_root
}
