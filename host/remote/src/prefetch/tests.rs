use std::io::{Seek, Write};

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

/// So many objects, as an earlier session has left them.
fn left(count: u32) -> Ahead {
    let objects = (0..count).map(|number| (place(&number.to_string()), vec![0; 100].into()));
    let mut written = Vec::new();
    ahead::write(&mut written, &objects.collect::<Vec<_>>()).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&written).unwrap();
    file.rewind().unwrap();
    Ahead::of(file).unwrap()
}

/// Origin: tokio lets a task take so many permits before others have a turn, so of 400 objects that a
/// go command had left the next one had some 60, and fetched all others again.
#[tokio::test]
async fn all_that_was_left_is_there_however_many_objects_it_has() {
    let room = Room::of_process().of_session();
    let taken = tokio::spawn(async move {
        let prefetched = Prefetched::default();
        prefetched.take_left(left(1000), &room);
        prefetched.held().here.len()
    });
    assert_eq!(taken.await.unwrap(), 1000);
}
