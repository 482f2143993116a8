use cachewarden_types::Digest;
use futures_util::FutureExt;

use super::*;
use crate::format::{Encoding, Stored};
use crate::testing;

/// An object of a pack that has nothing else.
fn place(pack: &str) -> Place {
    Place {
        pack: Digest::of(pack.as_bytes()),
        offset: 0,
        length: 100,
        encoding: Encoding::Plain,
    }
}

fn runs(packs: &[&str]) -> Vec<Run> {
    let stored = packs.iter().map(|pack| Stored::Packed(place(pack)));
    plan(stored.map(|stored| testing::entry(b"", stored)), MAX_TOTAL)
}

#[tokio::test]
async fn a_build_comes_once_something_of_it_was_asked_for() {
    let prefetched = Prefetched::default();
    // Before it is known what earlier builds have asked for.
    prefetched.take(&place("early")).await;
    let mut builds = Builds::default();
    builds[0] = runs(&["last", "of the last"]);
    builds[2] = runs(&["earlier", "of the same"]);
    builds[3] = runs(&["never asked for", "last"]);
    builds[7] = runs(&["early"]);
    let mut coming = Box::pin(prefetched.runs(builds));
    let mut next = || {
        let run = coming.next().now_or_never();
        run.flatten().map(|run| run.places)
    };
    assert_eq!(next(), Some(vec![place("early")]));
    assert_eq!(next(), None);
    prefetched.take(&place("last")).await;
    for pack in ["last", "of the last"] {
        assert_eq!(next(), Some(vec![place(pack)]), "{pack}");
    }
    assert_eq!(next(), None);
    prefetched.take(&place("of the same")).await;
    prefetched.take(&place("earlier")).await;
    for pack in ["earlier", "of the same"] {
        assert_eq!(next(), Some(vec![place(pack)]), "{pack}");
    }
    assert_eq!(next(), None);
}
