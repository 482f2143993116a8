//! By the file's place: Windows keeps a user's profile from other users by an access list. Neither
//! the owner of the file nor a list of its own is looked at, so who widens that list shows the file.

use std::fs::Metadata;
use std::path::Path;

use cachewarden_system::profile;

pub(super) const REMEDY: &str = "move the file below your profile, as a rule %UserProfile%";

pub(super) fn exposure(file: &Path, _: &Metadata) -> Option<&'static str> {
    (!profile::is_in_profile(file)).then_some("may be read or changed by other users")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{CredentialsError, CredentialsFile};

    #[test]
    fn a_file_is_in_the_profile_of_its_user() {
        let path = std::env::current_exe().unwrap();
        let error = CredentialsFile::read(&path).err().unwrap();
        assert!(error.to_string().contains("%UserProfile%"), "{error}");
        // It is in the profile.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        fs::write(&path, "CACHEWARDEN_REDIS_PASSWORD=secret\n").unwrap();
        assert!(CredentialsFile::read(&path).is_ok());
        let folder = CredentialsFile::read(folder.path());
        assert!(matches!(folder, Err(CredentialsError::Unreadable { .. })));
    }
}
