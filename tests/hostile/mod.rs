//! A corpus of hostile policies, and what becomes of a build that each of them is loaded for.
//!
//! One source file a misbehaviour, in a folder a theme; its first line says what it does and what
//! must happen. The table of each theme gives every file its test, and a file that stands in no
//! table fails one. The oracle is the whole program: a scripted session and a real go build
//! (`trial`), and what was seen is what docs/hostile-policies.md says (`page`).

pub(crate) mod all;
mod beside;
mod bounds;
mod chance;
mod compile;
mod escape;
mod page;
mod parts;
mod program;
mod shape;
mod soak;
mod source;
mod space;
mod time;
mod traps;
mod trial;
mod wasi;
mod words;

use std::collections::BTreeSet;
use std::path::Path;

use source::Source;

/// Makes a test of each row of a theme's table: a file's name, and what is tried with it.
macro_rules! corpus {
    ($folder:literal: $($name:ident.$kind:ident => $trial:expr,)*) => {
        pub(super) const FILES: &[$crate::hostile::source::Source] = &[$(
            $crate::hostile::source::Source {
                name: concat!($folder, "/", stringify!($name), ".", stringify!($kind)),
                text: include_str!(concat!(
                    $folder, "/", stringify!($name), ".", stringify!($kind)
                )),
            },
        )*];

        $(
            #[test]
            fn $name() {
                let name = concat!($folder, "/", stringify!($name), ".", stringify!($kind));
                let source = FILES.iter().find(|file| file.name == name).expect("its row");
                let trial: fn(&'static $crate::hostile::source::Source) = $trial;
                trial(source);
                $crate::hostile::page::compare(source);
            }
        )*
    };
}
use corpus;

/// The tables, in the page's order.
const TABLES: [&[Source]; 7] = [
    time::FILES,
    space::FILES,
    compile::FILES,
    shape::FILES,
    words::FILES,
    escape::FILES,
    traps::FILES,
];

/// A file without a row in its theme's table would be a policy that nobody tries.
#[test]
fn every_file_has_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/hostile");
    let mut found = BTreeSet::new();
    for theme in std::fs::read_dir(&folder).expect("the folder") {
        let theme = theme.expect("an item").path();
        for file in theme
            .is_dir()
            .then(|| std::fs::read_dir(&theme).expect("a theme"))
            .into_iter()
            .flatten()
        {
            let path = file.expect("a file").path();
            let name = path.strip_prefix(&folder).expect("below it");
            found.insert(name.to_str().expect("UTF-8").to_owned());
        }
    }
    let listed = TABLES.iter().flat_map(|files| files.iter());
    let listed: BTreeSet<_> = listed.map(|file| file.name.to_owned()).collect();
    assert_eq!(
        found, listed,
        "each file of tests/hostile/*/ needs a row in its theme's table, and with it a test"
    );
    page::has_no_other_files(&listed);
}
