//! Whether an object is a list of plain local file names, one a line, as cmd/go keeps of a package's sources.
//!
//! cmd/go copies each name that does not begin with `./` from the cache to its work folder, and a name may climb: so a
//! list counts only where every name is one that stays in its folder.

/// The longest name that file systems take.
const LONGEST_NAME: usize = 255;

/// Looks at a list while its bytes pass.
pub(super) struct FileListCheck {
    /// The beginning of a line that is not complete yet.
    line: Vec<u8>,
    is_local: bool,
    /// Every name looks like that of a source file, too.
    is_usual: bool,
}

/// What the bytes were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileList {
    /// Not a list of local names.
    No,
    /// Local names that need not be those of source files: other texts look like that.
    Local,
    /// Names with an extension and without spaces.
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
    let is_plain = |byte: &u8| !matches!(byte, b'/' | b'\\' | b':') && !byte.is_ascii_control();
    !matches!(name, b"" | b"." | b"..")
        && name.len() <= LONGEST_NAME
        && name.iter().all(is_plain)
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
