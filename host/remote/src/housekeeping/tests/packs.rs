use cachewarden_types::since_1970;

use super::super::contents::Contents;
use super::*;
use crate::format::{
    Encoding, Place, Segment, SegmentList, Wanted, index_prefix, list_key, pack_key, segment_key,
    wanted_key,
};

fn main() -> ScopeName {
    "main".parse().unwrap()
}

impl Tier {
    /// A pack with these objects, and a segment that names them and an object of its own. The keys of
    /// the pack, the object and the segment.
    fn pack(&self, objects: &[&[u8]], apart: Option<&[u8]>, days: u32) -> [String; 3] {
        let bytes = objects.concat();
        let pack = Digest::of(&bytes);
        let of_pack = self.write(&pack_key(&pack), &bytes, days);
        let mut rows = Vec::new();
        let mut offset = 0;
        for object in objects {
            let place = Place {
                pack,
                offset,
                length: object.len() as u32,
                encoding: Encoding::Plain,
            };
            offset += place.length;
            rows.push((Digest::of(object), entry(object, Stored::Packed(place))));
        }
        let mut of_object = String::new();
        if let Some(object) = apart {
            let body = Body::of(object, 3).unwrap();
            of_object = self.write(&object_key(&Digest::of(object)), &body.to_value(), days);
            rows.push((Digest::of(object), entry(object, Stored::Apart)));
        }
        let value = crate::testing::segment(&rows);
        let written = SystemTime::now() - days * DAY;
        let of_segment = segment_key(&main(), written, &value);
        [of_pack, of_object, self.write(&of_segment, &value, days)]
    }

    /// The actions that the index names.
    fn named(&self) -> Vec<Digest> {
        let folder = self.path(&index_prefix(&main()));
        let segments = fs::read_dir(folder).into_iter().flatten();
        let mut actions: Vec<_> = segments
            .flat_map(|item| {
                let path = item.unwrap().path();
                let key = path.strip_prefix(self.folder.path()).unwrap();
                let value = fs::read(&path).unwrap();
                let segment = Segment::from_value(key.to_str().unwrap(), &value).unwrap();
                segment
                    .entries()
                    .map(|(action, _)| action)
                    .collect::<Vec<_>>()
            })
            .collect();
        actions.sort();
        actions
    }
}

fn named(objects: &[&[u8]]) -> Vec<Digest> {
    let mut actions: Vec<_> = objects.iter().map(|object| Digest::of(object)).collect();
    actions.sort();
    actions
}

#[test]
fn packed_entries_are_told_by_their_scope() {
    let tier = Tier::new();
    tier.pack(&[b"one", b"three"], None, 0);
    // The same action once more.
    tier.pack(&[b"one"], None, 1);
    tier.write(&wanted_key(&main()), &Wanted::default().to_value(), 0);
    tier.write(&list_key(&main()), &SegmentList::default().to_value(), 0);
    let found = summarize_tier(&tier.address, &Credentials::default()).unwrap();
    assert_eq!(found.scopes[&main()], Amount { count: 2, bytes: 8 });
    assert_eq!((found.index.count, found.unknown.count), (4, 0));
    assert_eq!(found.unnamed, Amount::default());
    // As a prune leaves what is young.
    fs::remove_dir_all(tier.path("v1/index")).unwrap();
    let found = summarize_tier(&tier.address, &Credentials::default()).unwrap();
    assert_eq!(
        found.unnamed,
        Amount {
            count: 2,
            bytes: 11
        }
    );
    assert!(found.scopes.is_empty());
}

#[test]
fn a_damaged_pack_or_segment_is_named_and_what_is_gone_is_counted() {
    let tier = Tier::new();
    let [pack, object, segment] = tier.pack(&[b"one", b"three"], Some(&large("a")), 0);
    let [gone, ..] = tier.pack(&[b"gone"], None, 0);
    fs::remove_file(tier.path(&gone)).unwrap();
    let (verified, damaged) = tier.verify();
    assert_eq!(damaged, []);
    assert_eq!(
        (verified.entries, verified.objects, verified.gone),
        (4, 2, 1)
    );
    tier.write(&pack, b"one.three", 0);
    fs::remove_file(tier.path(&object)).unwrap();
    let (verified, damaged) = tier.verify();
    assert_eq!(verified.gone, 2);
    assert_eq!(damaged.len(), 1, "{damaged:?}");
    assert!(damaged[0].0 == pack && damaged[0].1.contains("bytes are those of"));
    // A pack that is whole, and an index that says something else of it.
    let lying = Place {
        pack: Digest::of(b"one.three"),
        offset: 4,
        length: 50,
        encoding: Encoding::Plain,
    };
    let pack = tier.write(&pack_key(&lying.pack), b"one.three", 0);
    for (length, why) in [(50, "behind its end"), (4, "another object")] {
        let place = Place { length, ..lying };
        let rows = [(Digest::of(b"a"), entry(b"three", Stored::Packed(place)))];
        let value = crate::testing::segment(&rows);
        let key = segment_key(&main(), SystemTime::now(), &value);
        tier.write(&key, &value, 0);
        let (_, damaged) = tier.verify();
        let found = damaged.iter().find(|(key, _)| *key == pack);
        assert!(
            found.is_some_and(|(_, text)| text.contains(why)),
            "{damaged:?}"
        );
        fs::remove_file(tier.path(&key)).unwrap();
    }
    tier.write(&segment, b"no segment", 0);
    assert!(tier.verify().1.iter().any(|(key, _)| *key == segment));
}

#[test]
fn old_packs_go_and_the_index_before_them() {
    let tier = Tier::new();
    let [old, of_old, segment] = tier.pack(&[b"old", b"older"], Some(&large("a")), 9);
    let [new, of_new, newer] = tier.pack(&[b"new"], Some(&large("b")), 2);
    let wanted = tier.write(&wanted_key(&main()), &Wanted::default().to_value(), 9);
    let list = tier.write(&list_key(&main()), &SegmentList::default().to_value(), 9);
    let older_than = |request: &mut PruneRequest| request.older_than = Some(5 * DAY);
    let would = tier.prune(|request| {
        older_than(request);
        request.dry_run = true;
    });
    assert_eq!(tier.named().len(), 5);
    let pruned = tier.prune(older_than).unwrap();
    assert_eq!(pruned, would.unwrap());
    assert_eq!((pruned.entries, pruned.objects), (3, 1));
    for key in [&old, &of_old, &segment, &wanted, &list] {
        assert!(!tier.has(key), "{key}");
    }
    assert!(tier.has(&new) && tier.has(&of_new) && tier.has(&newer));
    assert_eq!(tier.named(), named(&[b"new", &large("b")]));
    let (verified, damaged) = tier.verify();
    assert_eq!((verified.gone, damaged), (0, Vec::new()));
}

#[test]
fn the_oldest_packs_go_until_the_rest_is_small_enough_and_a_segment_keeps_the_rest() {
    let tier = Tier::new();
    let [first, _, one] = tier.pack(&[&[1; 100]], None, 9);
    let [second, _, two] = tier.pack(&[&[2; 100]], None, 3);
    // Both in one segment, as after a merge.
    let read = |key: &String| {
        let value = fs::read(tier.path(key)).unwrap();
        Segment::from_value(key, &value).unwrap()
    };
    let rows: Vec<_> = [&one, &two]
        .iter()
        .flat_map(|key| read(key).entries().collect::<Vec<_>>())
        .collect();
    let value = crate::testing::segment(&rows);
    let written = SystemTime::now() - DAY;
    let merged = tier.write(&segment_key(&main(), written, &value), &value, 1);
    fs::remove_file(tier.path(&one)).unwrap();
    fs::remove_file(tier.path(&two)).unwrap();
    let pruned = tier.prune(|request| request.max_size = Some(150)).unwrap();
    assert_eq!((pruned.entries, pruned.bytes, pruned.left), (1, 100, 100));
    assert!(!tier.has(&first) && tier.has(&second) && !tier.has(&merged));
    assert_eq!(tier.named(), named(&[&[2; 100]]));
    // It keeps its time, so later segments come before it still.
    let folder = fs::read_dir(tier.path(&index_prefix(&main()))).unwrap();
    let name = folder.last().unwrap().unwrap().file_name();
    let millis = format!("{:016x}", since_1970(written).as_millis());
    assert!(name.to_str().unwrap().starts_with(&millis), "{name:?}");
}

#[test]
fn a_pack_that_nobody_names_yet_stays_for_a_while() {
    let tier = Tier::new();
    tier.pack(&[b"another"], None, 0);
    let [pack, _, segment] = tier.pack(&[b"one"], None, 0);
    fs::remove_file(tier.path(&segment)).unwrap();
    let pruned = tier.prune(|_| ()).unwrap();
    assert_eq!((pruned.objects, pruned.young.count), (0, 1));
    assert!(tier.has(&pack));
    set_age(&tier.path(&pack), 2);
    assert_eq!(tier.prune(|_| ()).unwrap().objects, 1);
    assert!(!tier.has(&pack));
}

#[test]
fn nothing_is_removed_where_a_segment_is_of_a_later_version() {
    let tier = Tier::new();
    let [pack, _, segment] = tier.pack(&[b"one"], None, 9);
    tier.write(&segment, b"{\"form\":2}\n", 9);
    let error = tier
        .prune(|request| request.older_than = Some(DAY))
        .unwrap_err();
    assert!(
        matches!(error, HousekeepingError::Unknown { .. }),
        "{error:?}"
    );
    assert!(tier.has(&pack));
}

/// An upload has merged segments between the listing of a prune and its reading.
#[tokio::test]
async fn a_pack_stays_that_only_a_later_segment_names() {
    let tier = Tier::new();
    let [pack, _, segment] = tier.pack(&[b"one"], None, 9);
    let service = Service::at(&tier.address, &Credentials::default()).unwrap();
    let listed = Contents::of(&service).await.unwrap();
    let value = fs::read(tier.path(&segment)).unwrap();
    tier.write(&segment_key(&main(), SystemTime::now(), &value), &value, 0);
    fs::remove_file(tier.path(&segment)).unwrap();
    let request = PruneRequest {
        pause: Duration::ZERO,
        ..PruneRequest::default()
    };
    let now = SystemTime::now();
    let pruned = prune::prune_listed(&service, listed, &request, now, &mut |_| ()).await;
    assert_eq!(pruned.unwrap().objects, 0);
    assert!(tier.has(&pack));
}

/// Origin: a prune removed the packs that readers with a whole copy of the segment still read.
#[test]
fn what_a_damaged_segment_may_name_goes_by_its_age_alone() {
    let tier = Tier::new();
    let [pack, object, segment] = tier.pack(&[b"one"], Some(&large("a")), 2);
    let [old, ..] = tier.pack(&[b"two"], None, 9);
    fs::remove_dir_all(tier.path("v1/index")).unwrap();
    tier.pack(&[b"another"], None, 0);
    tier.write(&segment, b"no segment", 2);
    let mut request = PruneRequest {
        pause: Duration::ZERO,
        ..PruneRequest::default()
    };
    for (older_than, dry_run) in [(None, false), (Some(5 * DAY), true), (Some(5 * DAY), false)] {
        assert!(tier.has(&old));
        request.older_than = older_than;
        request.dry_run = dry_run;
        let mut said = Vec::new();
        let note = |event| {
            if let TierEvent::Damaged { key, .. } = event {
                said.push(key);
            }
        };
        let pruned = prune_tier(&tier.address, &Credentials::default(), &request, note).unwrap();
        assert_eq!(said, std::slice::from_ref(&segment));
        let count = 2 + u64::from(older_than.is_none());
        assert_eq!((pruned.damaged, pruned.held.count), (1, count));
        assert!(tier.has(&pack) && tier.has(&object));
    }
    assert!(!tier.has(&old));
    // It goes by its age, and what nobody else names with it.
    set_age(&tier.path(&pack), 9);
    set_age(&tier.path(&segment), 6);
    tier.prune(|request| request.older_than = Some(5 * DAY))
        .unwrap();
    assert!(!tier.has(&pack) && !tier.has(&segment) && tier.has(&object));
    let pruned = tier.prune(|_| ()).unwrap();
    assert_eq!((pruned.damaged, pruned.held.count), (0, 0));
    assert!(!tier.has(&object));
}

/// It was damaged on the way to this machine, and is whole when it is looked at again.
#[test]
fn a_segment_that_is_whole_at_the_second_look_names_its_packs() {
    let tier = Tier::new();
    let [pack, _, segment] = tier.pack(&[b"one"], None, 9);
    tier.write(&wanted_key(&main()), &Wanted::default().to_value(), 9);
    let value = fs::read(tier.path(&segment)).unwrap();
    tier.write(&segment, b"no segment", 0);
    let request = PruneRequest {
        older_than: Some(5 * DAY),
        pause: Duration::ZERO,
        ..PruneRequest::default()
    };
    let mut said = Vec::new();
    let note = |event| match event {
        // What was asked for is removed between both looks.
        TierEvent::Progress(_) => fs::write(tier.path(&segment), &value).unwrap(),
        TierEvent::Damaged { key, .. } => said.push(key),
    };
    let pruned = prune_tier(&tier.address, &Credentials::default(), &request, note).unwrap();
    assert_eq!((pruned.objects, pruned.damaged, said.len()), (0, 0, 0));
    assert!(tier.has(&pack));
}

/// Origin: a listing without the index, and a prune removed all packs.
#[test]
fn packs_go_by_their_age_alone_where_the_index_of_a_scope_has_no_segment() {
    let tier = Tier::new();
    let [pack, _, segment] = tier.pack(&[b"one"], None, 2);
    fs::remove_file(tier.path(&segment)).unwrap();
    let older_than = |request: &mut PruneRequest| request.older_than = Some(5 * DAY);
    let held = |pruned: Pruned| (pruned.objects, pruned.held.count, pruned.damaged);
    assert_eq!(held(tier.prune(older_than).unwrap()), (0, 1, 0));
    // Another scope has an index, and builds of this one have asked for something.
    let value = crate::testing::segment(&[(Digest::of(b"a"), entry(b"a", Stored::Apart))]);
    let other = segment_key(&"other".parse().unwrap(), SystemTime::now(), &value);
    tier.write(&other, &value, 0);
    let wanted = tier.write(&wanted_key(&main()), &Wanted::default().to_value(), 0);
    assert_eq!(held(tier.prune(older_than).unwrap()), (0, 1, 0));
    set_age(&tier.path(&pack), 9);
    assert_eq!(held(tier.prune(older_than).unwrap()), (1, 0, 0));
    assert!(!tier.has(&pack) && tier.has(&wanted));
}

/// Origin: a damaged segment never went, however old it was, and each session fetched it again.
#[test]
fn a_damaged_segment_goes_by_its_age() {
    let tier = Tier::new();
    let [pack, _, whole] = tier.pack(&[b"one"], None, 2);
    let value = fs::read(tier.path(&whole)).unwrap();
    let damaged = |days: u32| {
        let time = SystemTime::now() - days * DAY;
        tier.write(&segment_key(&main(), time, b"other bytes"), &value, days)
    };
    let (old, young) = (damaged(9), damaged(2));
    let named: Vec<_> = tier.verify().1.into_iter().map(|(key, _)| key).collect();
    assert!(named.contains(&old) && named.contains(&young), "{named:?}");
    let older_than = |request: &mut PruneRequest| request.older_than = Some(5 * DAY);
    let would = tier.prune(|request| {
        older_than(request);
        request.dry_run = true;
    });
    assert!(tier.has(&old));
    let pruned = tier.prune(older_than).unwrap();
    assert_eq!(pruned, would.unwrap());
    assert_eq!((pruned.entries, pruned.bytes), (0, value.len() as u64));
    assert!(!tier.has(&old));
    assert!(tier.has(&young) && tier.has(&whole) && tier.has(&pack));
}

/// Origin: the segments of two scopes were swapped, and nothing was called damaged.
#[test]
fn segments_of_scopes_that_are_swapped_are_named() {
    let tier = Tier::new();
    let [_, _, one] = tier.pack(&[b"one"], None, 0);
    let value = fs::read(tier.path(&one)).unwrap();
    let fork = one.replace("/main/", "/fork/");
    tier.write(&fork, &value, 0);
    let (verified, damaged) = tier.verify();
    assert_eq!(verified.entries, 1);
    assert!(
        matches!(&damaged[..], [(key, _)] if *key == fork),
        "{damaged:?}"
    );
}
