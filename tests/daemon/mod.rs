//! The daemon: `serve` and its clients, each job under a user of its own.

mod documentation;
mod hostile;
mod issuer;
mod operation;
mod packaging;
mod tenants;
mod world;

/// Says that a test cannot run on this machine. In CI that is a failure, so that no sentence of the
/// documentation is shown by a test that did nothing.
fn cannot_be_tested(reason: &str) {
    let text = format!("NOT TESTED: {reason}");
    assert!(std::env::var_os("CI").is_none(), "{text}");
    #[expect(clippy::print_stderr, reason = "for the person who runs the tests")]
    {
        eprintln!("{text}");
    }
}
