//! By the owner and the mode.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use cachewarden_system::user;

/// The administrator reads every file anyway.
const ROOT: u32 = 0;

pub(super) const REMEDY: &str = "make the file this user's, and `chmod 600` it";

/// A file of root's may be readable by its group: that is how a service gets one.
pub(super) fn exposure(_: &Path, metadata: &Metadata) -> Option<&'static str> {
    let is_ours = metadata.uid() == user::id();
    let for_nobody = match metadata.uid() {
        ROOT if !is_ours => 0o027,
        _ if is_ours => 0o077,
        _ => return Some("belong to another user"),
    };
    (metadata.mode() & for_nobody != 0).then_some("can be read or changed by other users")
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::super::{CredentialsError, CredentialsFile};

    #[test]
    fn a_file_is_for_its_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        fs::write(&path, "CACHEWARDEN_REDIS_PASSWORD=secret\n").unwrap();
        for (mode, is_used) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let read = CredentialsFile::read(&path);
            assert_eq!(read.is_ok(), is_used, "{mode:o}");
            if let Err(error) = read {
                assert!(error.to_string().contains("chmod 600"), "{error}");
            }
        }
        let folder = CredentialsFile::read(folder.path());
        assert!(matches!(folder, Err(CredentialsError::Unreadable { .. })));
    }
}
