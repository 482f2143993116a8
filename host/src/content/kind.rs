//! Recognises what cmd/go stored by its content (protocol.md, 24).
//!
//! Only the first [`HEAD`] and last [`TAIL`] bytes are kept, so an object of any size costs the same memory.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Enough for every magic number and the header of a generated file, whose first lines may be a licence.
const HEAD: usize = 4096;

/// Enough for the last line of a test's output: an import path, a time, a coverage figure.
const TAIL: usize = 4096;

/// What an object is, by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// None of the others.
    Other,
    /// No bytes at all.
    Empty,
    /// A compiled package.
    PackageArchive,
    /// An index of a module's or a package's source files; keyed by local file times, so of use to one machine only.
    ModuleIndex,
    /// The names of the files a step made, one a line.
    FileList,
    /// A test's output, its log of what it looked at, or its coverage profile.
    TestRecord,
    /// What an analyser (vet) learned about a package.
    AnalysisFacts,
    /// A source file that a tool (cgo, cover) made.
    GeneratedSource,
    /// Coverage meta data.
    CoverageMeta,
    /// The answer to "does this compiler know this flag".
    Probe,
}

impl Kind {
    /// Every kind, in the contract's order.
    pub const ALL: [Self; 10] = [
        Self::Other,
        Self::Empty,
        Self::PackageArchive,
        Self::ModuleIndex,
        Self::FileList,
        Self::TestRecord,
        Self::AnalysisFacts,
        Self::GeneratedSource,
        Self::CoverageMeta,
        Self::Probe,
    ];

    /// The contract's word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Empty => "empty",
            Self::PackageArchive => "package-archive",
            Self::ModuleIndex => "module-index",
            Self::FileList => "file-list",
            Self::TestRecord => "test-record",
            Self::AnalysisFacts => "analysis-facts",
            Self::GeneratedSource => "generated-source",
            Self::CoverageMeta => "coverage-meta",
            Self::Probe => "probe",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = std::convert::Infallible;

    /// A word this version does not know is `other`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .unwrap_or(Self::Other))
    }
}

/// Keeps the two ends of an object as it streams by.
pub struct KindRecogniser {
    head: Vec<u8>,
    tail: Vec<u8>,
    size: u64,
}

impl KindRecogniser {
    pub(super) fn new() -> Self {
        Self {
            head: Vec::new(),
            tail: Vec::new(),
            size: 0,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        let wanted = (HEAD - self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..wanted]);
        let rest = &bytes[wanted..];
        let last = &rest[rest.len().saturating_sub(TAIL)..];
        let surplus = (self.tail.len() + last.len()).saturating_sub(TAIL);
        self.tail.drain(..surplus);
        self.tail.extend_from_slice(last);
    }

    pub(super) fn finish(self) -> Kind {
        let Self { head, tail, size } = self;
        let mut ending = head.clone();
        ending.extend_from_slice(&tail);
        let ending = &ending[ending.len().saturating_sub(TAIL)..];
        recognise(&head, ending, size)
    }
}

/// The kind of an object that begins with `head` and ends with `ending`.
fn recognise(head: &[u8], ending: &[u8], size: u64) -> Kind {
    if size == 0 {
        return Kind::Empty;
    }
    if head.starts_with(b"!<arch>\n__.PKGDEF") {
        return Kind::PackageArchive;
    }
    if head.starts_with(b"go index v") {
        return Kind::ModuleIndex;
    }
    if head.starts_with(b"\0cvm") || head.starts_with(b"\0\0cvm") {
        return Kind::CoverageMeta;
    }
    // A test's coverage profile belongs to its record as the log does.
    if head.starts_with(b"# test log\n")
        || head.starts_with(b"mode: ")
        || last_line(ending).starts_with(b"ok  \t")
    {
        return Kind::TestRecord;
    }
    if head == b"true" || head == b"false" {
        return Kind::Probe;
    }
    if is_generated_source(head) {
        return Kind::GeneratedSource;
    }
    if is_analysis_facts(head) {
        return Kind::AnalysisFacts;
    }
    if is_file_list(head, size) {
        return Kind::FileList;
    }
    Kind::Other
}

fn last_line(ending: &[u8]) -> &[u8] {
    let ending = ending.strip_suffix(b"\n").unwrap_or(ending);
    match memchr::memrchr(b'\n', ending) {
        Some(newline) => &ending[newline + 1..],
        None => ending,
    }
}

/// Go's convention for generated files is a line `// Code generated ... DO NOT EDIT.`; cgo writes it as a block comment
/// into its C files. What else cgo and cover make is known by the directives and variables they write.
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

/// vet's facts are a gob stream; its first message defines the wire type of a slice of the analyser's own fact record.
fn is_analysis_facts(head: &[u8]) -> bool {
    memchr::memmem::find(&head[..head.len().min(256)], b"gobFact").is_some()
}

/// Lines of plain file names, as cmd/go writes for the Go and C files of a package.
fn is_file_list(head: &[u8], size: u64) -> bool {
    let whole = size == head.len() as u64;
    let Ok(text) = std::str::from_utf8(head) else {
        return false;
    };
    let Some(cut) = text.rfind('\n') else {
        return false;
    };
    if whole && cut + 1 != text.len() {
        return false;
    }
    text[..cut].lines().all(is_file_name)
}

fn is_file_name(line: &str) -> bool {
    let name = line.strip_prefix("./").unwrap_or(line);
    !name.is_empty()
        && name.contains('.')
        && !name.contains(|character: char| character.is_control() || character == ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(bytes: &[u8], chunk: usize) -> Kind {
        let mut recogniser = KindRecogniser::new();
        for part in bytes.chunks(chunk) {
            recogniser.update(part);
        }
        recogniser.finish()
    }

    #[test]
    fn kinds_are_known_however_the_bytes_are_cut() {
        let long_output = [
            b"noise\n".repeat(5000),
            b"ok  \texample.com/a\t0.004s\n".to_vec(),
        ]
        .concat();
        let cases: [(&[u8], Kind); 14] = [
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
        crate::fuzz::fuzz("kind", |bytes| {
            let kind = kind_of(bytes, bytes.len().max(1));
            for chunk in [1, 7, 4095, 4096, 4097] {
                assert_eq!(kind_of(bytes, chunk), kind, "in chunks of {chunk}");
            }
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(kind == Kind::Empty, bytes.is_empty());
        });
    }

    #[test]
    fn words_lead_back_to_their_kinds() {
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        assert_eq!("from-the-future".parse(), Ok(Kind::Other));
    }
}
