use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;

use super::*;

fn binding(path: &Path) -> Binding {
    Binding {
        path: path.to_owned(),
        mode: 0o660,
        group: None,
        after_a_killed_daemon: false,
    }
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("socket");
    (folder, socket)
}

#[test]
fn a_socket_has_its_mode_and_goes_with_the_listener() {
    let (folder, socket) = folder();
    for mode in [0o600, 0o660, 0o666] {
        let binding = Binding {
            mode,
            ..binding(&socket)
        };
        let listener = Listener::bind(&binding).expect("a listener");
        let metadata = fs::metadata(&socket).expect("a socket");
        assert_eq!(metadata.permissions().mode() & 0o7777, mode);
        drop(listener);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}

#[test]
fn a_socket_has_the_group_that_is_named() {
    let (_folder, socket) = folder();
    // One that this process may give away: its own, or as root any.
    let group = match rustix::process::geteuid().is_root() {
        true => 4_242,
        false => rustix::process::getegid().as_raw(),
    };
    let binding = Binding {
        group: Some(group),
        ..binding(&socket)
    };
    let _listener = Listener::bind(&binding).expect("a listener");
    assert_eq!(fs::metadata(&socket).expect("a socket").gid(), group);
}

#[test]
fn a_socket_of_a_living_daemon_is_not_replaced() {
    let (_folder, socket) = folder();
    let first = Listener::bind(&binding(&socket)).expect("a listener");
    let second = Listener::bind(&binding(&socket));
    assert!(matches!(second, Err(BindError::InUse(path)) if path == socket));
    drop(first);
    assert!(Listener::bind(&binding(&socket)).is_ok());
}

/// With a full queue, nobody can be asked who listens. After a killed daemon it is that one's,
/// which nobody empties.
#[test]
fn a_socket_with_a_full_queue_is_replaced_only_after_a_killed_daemon() {
    let (_folder, socket) = folder();
    let first = UnixListener::bind(&socket).expect("a socket");
    // A queue of one.
    rustix::net::listen(&first, 0).expect("a listener");
    let _client = std::os::unix::net::UnixStream::connect(&socket).expect("a client");
    let refused = Listener::bind(&binding(&socket));
    assert!(matches!(refused, Err(BindError::InUse(_))), "{refused:?}");
    let binding = Binding {
        after_a_killed_daemon: true,
        ..binding(&socket)
    };
    assert!(Listener::bind(&binding).is_ok());
    // One that lets itself be asked, and is alive, is never replaced.
    let _first = Listener::bind(&binding).expect("a listener");
    let refused = Listener::bind(&binding);
    assert!(matches!(refused, Err(BindError::InUse(_))), "{refused:?}");
}

#[test]
fn a_socket_of_a_dead_daemon_is_replaced() {
    let (_folder, socket) = folder();
    drop(UnixListener::bind(&socket).expect("a socket"));
    assert!(socket.exists());
    assert!(Listener::bind(&binding(&socket)).is_ok());
}

#[test]
fn a_listener_removes_its_own_socket_only() {
    let (_folder, socket) = folder();
    let listener = Listener::bind(&binding(&socket)).expect("a listener");
    fs::remove_file(&socket).expect("a socket");
    let _other = UnixListener::bind(&socket).expect("another socket");
    drop(listener);
    assert!(socket.exists());
}

#[test]
fn what_is_no_socket_is_never_replaced() {
    let (folder, socket) = folder();
    fs::write(&socket, "precious").expect("a file");
    let refused = Listener::bind(&binding(&socket));
    assert!(matches!(refused, Err(BindError::NotASocket(_))));
    assert_eq!(fs::read(&socket).expect("a file"), b"precious");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("/nowhere", &link).expect("a link");
    let refused = Listener::bind(&binding(&link));
    assert!(matches!(refused, Err(BindError::NotASocket(_))));
}

#[test]
fn a_folder_that_others_may_write_to_is_refused_unless_it_is_sticky() {
    let (folder, socket) = folder();
    for (mode, is_refused) in [
        (0o755, false),
        (0o775, true),
        (0o757, true),
        (0o777, true),
        (0o1777, false),
    ] {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(folder.path(), permissions).expect("a mode");
        let bound = Listener::bind(&binding(&socket));
        let refused = matches!(bound, Err(BindError::OpenFolder(_)));
        assert_eq!(refused, is_refused, "{mode:o}: {bound:?}");
    }
    let elsewhere = Listener::bind(&binding(&folder.path().join("none/socket")));
    assert!(matches!(elsewhere, Err(BindError::System { .. })));
}

#[test]
fn a_path_that_is_too_long_is_named() {
    let (folder, _) = folder();
    let path = folder.path().join("x".repeat(120));
    let error = Listener::bind(&binding(&path)).expect_err("too long");
    let text = cachewarden_types::with_causes(&error);
    assert!(
        text.contains("cannot name the socket") && text.contains("xxx"),
        "{text}"
    );
}
