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

/// An entry whose object is in a pack that has nothing else.
fn entry(pack: &str) -> RemoteEntry {
    testing::entry(pack.as_bytes(), Stored::Packed(place(pack)))
}

/// What the last builds have asked for.
fn wanted(builds: &[(usize, &[&str])]) -> [Vec<RemoteEntry>; BUILDS] {
    let mut wanted: [Vec<_>; BUILDS] = Default::default();
    for (build, packs) in builds {
        wanted[*build] = packs.iter().map(|pack| entry(pack)).collect();
    }
    wanted
}

/// The places of the run that is fetched next, if one is by now.
fn places_of_next(coming: &mut (impl Stream<Item = Run> + Unpin)) -> Option<Vec<Place>> {
    let run = coming.next().now_or_never();
    run.flatten().map(|run| run.places)
}

#[tokio::test]
async fn a_build_comes_once_something_of_it_was_asked_for() {
    let prefetched = Prefetched::default();
    // Before it is known what earlier builds have asked for.
    prefetched.take(&place("early")).await;
    let builds: &[(usize, &[&str])] = &[
        (0, &["last", "of the last"]),
        (2, &["earlier", "of the same"]),
        (3, &["never asked for", "last"]),
        (7, &["early"]),
    ];
    let planned = prefetched.plan(&wanted(builds), |_| false);
    let mut coming = Box::pin(prefetched.runs(planned));
    let mut next = || places_of_next(&mut coming);
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

/// Origin: where the first object of a session had come before the plan was made, it was left out of the
/// plan as one that is here, and nothing else of its build was fetched ahead.
#[tokio::test]
async fn what_has_come_before_the_plan_is_made_says_which_build_is_fetched() {
    let prefetched = Prefetched::default();
    prefetched.take(&place("first")).await;
    let builds: &[(usize, &[&str])] = &[(0, &["other"]), (4, &["first", "second"])];
    let planned = prefetched.plan(&wanted(builds), |entry| *entry == self::entry("first"));
    let mut coming = Box::pin(prefetched.runs(planned));
    let mut next = || places_of_next(&mut coming);
    assert_eq!(next(), Some(vec![place("second")]));
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
