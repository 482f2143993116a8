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
    /// The first name that is not local is a name all the same, and leads out of its folder.
    is_unsafe: bool,
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
            is_unsafe: false,
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

    /// Whether what was seen until now names a file in another folder.
    pub(super) fn is_unsafe(&self) -> bool {
        self.is_unsafe
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
        self.is_unsafe = !self.is_local && is_name(name);
        self.is_usual &= name.contains(&b'.') && !name.contains(&b' ');
        self.line.clear();
    }
}

/// Whether a name stays in the folder that it is joined to, on every system.
fn is_local_name(name: &[u8]) -> bool {
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\' | b':');
    is_name(name) && !matches!(name, b"." | b"..") && !name.iter().any(is_separator)
}

/// Whether a line names a file at all, in its folder or elsewhere.
fn is_name(line: &[u8]) -> bool {
    !line.is_empty()
        && line.len() <= LONGEST_NAME
        && !line.iter().any(u8::is_ascii_control)
        && std::str::from_utf8(line).is_ok()
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

    #[test]
    fn a_name_that_leaves_its_folder_is_told_from_what_is_no_name() {
        let is_unsafe = |text: &[u8]| {
            let mut check = FileListCheck::new();
            check.update(text);
            check.is_unsafe()
        };
        for list in [
            "../a.go\n",
            "./a.go\n/etc/passwd\n",
            "./..\n",
            "C:\\a.go\n./b.go\n",
        ] {
            assert!(is_unsafe(list.as_bytes()), "{list:?}");
        }
        let long = format!("../{}\n", "x".repeat(300));
        for other in [
            "",
            "a.go\n",
            "../a.go",
            "\n../a.go\n",
            "a\0/b\n../a.go\n",
            &long,
        ] {
            assert!(!is_unsafe(other.as_bytes()), "{other:?}");
        }
        assert!(!is_unsafe(b"../\xff.go\n"));
    }
}
