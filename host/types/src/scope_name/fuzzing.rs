//! What must hold for any names.

use super::*;

/// Each name has a folder of its own on any file system, which leads back to it.
pub fn scope_name(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let names: Vec<ScopeName> = text
        .lines()
        .filter_map(|name| name.parse().ok())
        .take(50)
        .collect();
    for (position, name) in names.iter().enumerate() {
        let folder = name.folder();
        assert!(folder.len() <= 255 && !folder.starts_with('.') && !folder.ends_with('.'));
        assert!(
            folder
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'!'))
        );
        assert!(!is_device(&folder), "{folder}");
        assert_eq!(ScopeName::from_folder(&folder).as_ref(), Some(name));
        for other in &names[..position] {
            assert_eq!(
                other.folder() == folder,
                other == name,
                "{other} and {name}"
            );
        }
    }
    for folder in text.lines() {
        if let Some(name) = ScopeName::from_folder(folder) {
            assert_eq!(name.folder(), folder);
        }
    }
}
