//! Recognises the kind of an object by its content (docs/protocol.md#kinds).
//!
//! Only the first [`HEAD`] and the last [`TAIL`] bytes are kept, so every object needs the same
//! memory.

use super::file_list::{FileList, FileListCheck};
use cachewarden_types::{Kind, Role};

/// Enough for every magic number and the header of a generated file, whose first lines may be a
/// licence.
const HEAD: usize = 4096;

/// Enough for the last line of a test's output: an import path, a time, a coverage figure.
const TAIL: usize = 4096;

/// Keeps the beginning and the end of an object as it streams by.
pub struct KindRecogniser {
    role: Role,
    head: Vec<u8>,
    tail: Vec<u8>,
    size: u64,
    list: FileListCheck,
}

impl KindRecogniser {
    /// For the object of an entry of this role.
    pub(super) fn new(role: Role) -> Self {
        Self {
            role,
            head: Vec::new(),
            tail: Vec::new(),
            size: 0,
            list: FileListCheck::new(),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.list.update(bytes);
        let wanted = (HEAD - self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..wanted]);
        let rest = &bytes[wanted..];
        let last = &rest[rest.len().saturating_sub(TAIL)..];
        let surplus = (self.tail.len() + last.len()).saturating_sub(TAIL);
        self.tail.drain(..surplus);
        self.tail.extend_from_slice(last);
    }

    pub(super) fn finish(self) -> Kind {
        let Self {
            role,
            head,
            tail,
            size,
            list,
        } = self;
        if size == 0 {
            return Kind::Empty;
        }
        if let Some(kind) = by_beginning(&head) {
            return kind;
        }
        match (role, list.finish()) {
            // The key alone decides: tools may print anything.
            (Role::Stdout | Role::LinkStdout, _) => Kind::ToolOutput,
            (Role::SourceList, FileList::Local | FileList::Usual) => Kind::FileList,
            (Role::SourceList, FileList::No) => Kind::Other,
            (_, list) => {
                let mut ending = head.clone();
                ending.extend_from_slice(&tail);
                let ending = &ending[ending.len().saturating_sub(TAIL)..];
                by_text(&head, ending, list)
            }
        }
    }
}

/// The kinds that are recognised by their first bytes alone.
fn by_beginning(head: &[u8]) -> Option<Kind> {
    const BEGINNINGS: [(&[u8], Kind); 17] = [
        (b"!<arch>\n__.PKGDEF", Kind::PackageArchive),
        (b"go index v", Kind::ModuleIndex),
        (b"\0cvm", Kind::CoverageMeta),
        (b"\0\0cvm", Kind::CoverageMeta),
        (b"GO PREPROFILE V1\n", Kind::PgoProfile),
        // Zip files, and those without a file.
        (b"PK\x03\x04", Kind::FixArchive),
        (b"PK\x05\x06", Kind::FixArchive),
        // ELF, Mach-O in four forms and for several processors, PE, WebAssembly, scripts.
        (b"\x7fELF", Kind::Executable),
        (b"\xfe\xed\xfa\xce", Kind::Executable),
        (b"\xfe\xed\xfa\xcf", Kind::Executable),
        (b"\xce\xfa\xed\xfe", Kind::Executable),
        (b"\xcf\xfa\xed\xfe", Kind::Executable),
        (b"\xca\xfe\xba\xbe", Kind::Executable),
        (b"MZ", Kind::Executable),
        (b"\0asm", Kind::Executable),
        (b"#!", Kind::Executable),
        (b"# test log\n", Kind::TestRecord),
    ];
    let found = BEGINNINGS
        .iter()
        .find(|(beginning, _)| head.starts_with(beginning));
    found.map(|(_, kind)| *kind)
}

/// The kind of an object that begins with `head` and ends with `ending`.
fn by_text(head: &[u8], ending: &[u8], list: FileList) -> Kind {
    // A test's coverage profile is part of its record, as its log is.
    if head.starts_with(b"mode: ") || last_line(ending).starts_with(b"ok  \t") {
        return Kind::TestRecord;
    }
    if head == b"true" || head == b"false" {
        return Kind::Probe;
    }
    if is_generated_source(head) {
        return Kind::GeneratedSource;
    }
    if defines_gob_type(head, b"gobFact") {
        return Kind::AnalysisFacts;
    }
    if defines_gob_type(head, b"ResultData") {
        return Kind::AnalysisResult;
    }
    match list {
        FileList::Usual => Kind::FileList,
        FileList::Local | FileList::No => Kind::Other,
    }
}

fn last_line(ending: &[u8]) -> &[u8] {
    let ending = ending.strip_suffix(b"\n").unwrap_or(ending);
    match memchr::memrchr(b'\n', ending) {
        Some(newline) => &ending[newline + 1..],
        None => ending,
    }
}

/// Go's convention for generated files is a line `// Code generated ... DO NOT EDIT.`; cgo writes
/// it as a block comment into its C files. Other output of cgo and cover is recognised by the
/// directives and variables in it.
fn is_generated_source(head: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 3] = [b"//line ", b"//go:cgo_", b"var goCover_"];
    head.split(|byte| *byte == b'\n').any(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let generated =
            line.starts_with(b"// Code generated ") || line.starts_with(b"/* Code generated ");
        (generated && memchr::memmem::find(line, b"DO NOT EDIT.").is_some())
            || BEGINNINGS
                .iter()
                .any(|beginning| line.starts_with(beginning))
    })
}

/// The facts of vet and the results of staticcheck are gob streams: the first message defines the
/// type of the analyser's record, by its name.
fn defines_gob_type(head: &[u8], name: &[u8]) -> bool {
    memchr::memmem::find(&head[..head.len().min(256)], name).is_some()
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;

#[cfg(test)]
mod tests {
    use super::fuzzing::{kind, kind_in_role, kind_of};
    use super::*;

    #[test]
    fn kinds_are_known_however_the_bytes_are_cut() {
        let long_output = [
            b"noise\n".repeat(5000),
            b"ok  \texample.com/a\t0.004s\n".to_vec(),
        ]
        .concat();
        let cases: [(&[u8], Kind); 24] = [
            (b"", Kind::Empty),
            (
                b"!<arch>\n__.PKGDEF       0           0",
                Kind::PackageArchive,
            ),
            (b"go index v2\nrest", Kind::ModuleIndex),
            (b"# test log\ngetenv HOME\n", Kind::TestRecord),
            (b"PASS\nok  \texample.com/a\t0.004s\n", Kind::TestRecord),
            (&long_output, Kind::TestRecord),
            (b"true", Kind::Probe),
            (b"./a.go\n./b.go\n", Kind::FileList),
            (
                b"// Code generated by cmd/cgo; DO NOT EDIT.\n\npackage a\n",
                Kind::GeneratedSource,
            ),
            (
                b"package a\n\n//go:cgo_import_dynamic puts puts#GLIBC_2.2.5\n",
                Kind::GeneratedSource,
            ),
            (
                b"\npackage a\n\nvar goCover_4f13_P uint32\n",
                Kind::GeneratedSource,
            ),
            (b"mode: set\na.go:3.17,3.49 1 1\n", Kind::TestRecord),
            (b"\0\0cvm\x01", Kind::CoverageMeta),
            (b"some text\nwithout meaning", Kind::Other),
            (b"../a.go\n", Kind::Other),
            (b"\x7fELF\x02\x01", Kind::Executable),
            (b"MZ\x90\0", Kind::Executable),
            (b"\xcf\xfa\xed\xfe\x07", Kind::Executable),
            (b"\0asm\x01\0\0\0", Kind::Executable),
            (b"#!/bin/sh\n", Kind::Executable),
            (b"PK\x03\x04\x14", Kind::FixArchive),
            (b"PK\x05\x06\0", Kind::FixArchive),
            (b"GO PREPROFILE V1\n", Kind::PgoProfile),
            (
                b"\x45\xff\x83\x03\x01\x01\x0aResultData\x01",
                Kind::AnalysisResult,
            ),
        ];
        for (bytes, kind) in cases {
            for chunk in [1, 7, 4096, 100_000] {
                assert_eq!(
                    kind_of(bytes, chunk),
                    kind,
                    "{:?}",
                    String::from_utf8_lossy(bytes)
                );
            }
        }
    }

    #[test]
    fn fuzz_kind() {
        cachewarden_fuzz::fuzz("kind", kind);
    }

    #[test]
    fn a_role_says_what_a_text_is_and_never_hides_what_can_act() {
        let kind = |role, bytes: &[u8]| kind_in_role(role, bytes, 7);
        for text in [
            &b"true"[..],
            b"./a.go\n",
            b"warning: x\n",
            b"\xff\0",
            b"ok  \ta\t1s\n",
        ] {
            assert_eq!(kind(Role::Stdout, text), Kind::ToolOutput);
            assert_eq!(kind(Role::LinkStdout, text), Kind::ToolOutput);
        }
        assert_eq!(kind(Role::Stdout, b""), Kind::Empty);
        assert_eq!(kind(Role::Stdout, b"#!/bin/sh\n"), Kind::Executable);
        assert_eq!(kind(Role::SourceList, b"./Makefile\n"), Kind::FileList);
        assert_eq!(kind(Role::SourceList, b"../a.go\n"), Kind::Other);
        assert_eq!(kind(Role::SourceList, b"./a b.go\n"), Kind::FileList);
    }
}
