//! Checks whether an object is a list of plain local file names, one on each line, as cmd/go stores
//! for the sources of a package.
//!
//! cmd/go copies each name that does not begin with `./` from the cache to its work folder. So an
//! object is only a list if each name stays in its folder.

/// The longest file name that file systems allow.
const LONGEST_NAME: usize = 255;

/// Examines an object while its bytes stream by.
pub(super) struct FileListCheck {
    /// The incomplete last line.
    line: Vec<u8>,
    is_local: bool,
    /// Whether every name also looks like that of a source file.
    is_usual: bool,
}

/// The result of the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileList {
    /// The object is not a list of local names.
    No,
    /// A list of local names that may be another text: not every name looks like that of a source
    /// file.
    Local,
    /// A list of local names, each with an extension and without spaces.
    Usual,
}

impl FileListCheck {
    pub(super) fn new() -> Self {
        Self {
            line: Vec::new(),
            is_local: true,
            is_usual: true,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while self.is_local && !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest);
            let part = &rest[..end.unwrap_or(rest.len())];
            if self.line.len() + part.len() > LONGEST_NAME + 2 {
                self.is_local = false;
                return;
            }
            self.line.extend_from_slice(part);
            rest = match end {
                Some(end) => {
                    self.finish_line();
                    &rest[end + 1..]
                }
                None => &[],
            };
        }
    }

    pub(super) fn finish(self) -> FileList {
        match (self.is_local && self.line.is_empty(), self.is_usual) {
            (false, _) => FileList::No,
            (true, false) => FileList::Local,
            (true, true) => FileList::Usual,
        }
    }

    fn finish_line(&mut self) {
        let name = self.line.strip_prefix(b"./").unwrap_or(&self.line);
        self.is_local = is_local_name(name);
        self.is_usual &= name.contains(&b'.') && !name.contains(&b' ');
        self.line.clear();
    }
}

/// Whether a name stays in the folder that it is joined to, on every system.
fn is_local_name(name: &[u8]) -> bool {
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\' | b':');
    !matches!(name, b"" | b"." | b"..")
        && name.len() <= LONGEST_NAME
        && !name
            .iter()
            .any(|byte| is_separator(byte) || byte.is_ascii_control())
        && std::str::from_utf8(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &[u8], chunk: usize) -> FileList {
        let mut check = FileListCheck::new();
        for part in text.chunks(chunk) {
            check.update(part);
        }
        check.finish()
    }

    #[test]
    fn only_plain_local_names_are_a_list() {
        let long = format!("{}.go\n", "x".repeat(300));
        let many = "./a.go\n".repeat(5000);
        let hidden = format!("{many}../../x.go\n");
        let cases: [(&str, FileList); 17] = [
            ("./a.go\n_cgo_gotypes.go\n", FileList::Usual),
            ("./naïve.go\n", FileList::Usual),
            ("./a b.go\n", FileList::Local),
            ("./Makefile\n", FileList::Local),
            (&many, FileList::Usual),
            (&hidden, FileList::No),
            ("../a.go\n", FileList::No),
            ("./../a.go\n", FileList::No),
            ("a/b.go\n", FileList::No),
            ("/etc/passwd\n", FileList::No),
            (".//abs/a-d\n", FileList::No),
            ("C:\\a.go\n", FileList::No),
            ("..\n", FileList::No),
            ("./.\n", FileList::No),
            ("a.go", FileList::No),
            ("a\0.go\n", FileList::No),
            (&long, FileList::No),
        ];
        for (text, expected) in cases {
            for chunk in [1, 3, 4096, text.len()] {
                assert_eq!(look(text.as_bytes(), chunk), expected, "{text:?}");
            }
        }
        assert_eq!(look(b"\xff.go\n", 1), FileList::No);
    }
}
