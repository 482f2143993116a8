use cachewarden_store::TierTraffic;

use super::*;

impl World {
    fn traffic(&self) -> TierTraffic {
        let traffic = self.store.tier_traffic(self.address.tier_id());
        traffic.unwrap_or_default()
    }
}

/// Origin: `flush` found the outbox empty while the uploader of a session had not counted yet, and
/// said that nothing was ever sent.
#[tokio::test]
async fn what_was_sent_is_counted_before_the_outbox_forgets_it() {
    for layout in ["layout=packs", "layout=single"] {
        let world = World::with(layout);
        let action = world.put("action", b"object", |_| {});
        world.note(1, &[action]);
        let outbox = world.store.outbox(world.address.tier_id()).unwrap();
        outbox.note_end(Some("it has failed")).unwrap();
        let folder = world.store.folder().unwrap().join("outbox");
        let folder = folder.join(world.address.tier_id().to_string());
        let notes = folder.join(SessionId(1).to_string());
        let service = Service::at(&world.address, &Credentials::default()).unwrap();
        let uploader = Uploader::new(Arc::clone(&world.store), &world.address, service, 3);
        // A folder in the place of the notes stops the uploader just where it forgets them.
        let outcome = uploader.run(Duration::ZERO, |so_far| {
            if so_far.sent == 1 && notes.is_file() {
                fs::remove_file(&notes).unwrap();
                fs::create_dir(&notes).unwrap();
            }
        });
        let outcome = outcome.await;
        assert!(
            matches!(outcome, Err(UploadError::Outbox(_))),
            "{outcome:?}"
        );
        let traffic = world.traffic();
        assert_eq!(traffic.sent, 1, "{layout}: {traffic:?}");
        assert!(traffic.bytes_up > 0, "{layout}: {traffic:?}");
        assert_eq!(outbox.failed_upload(), None, "{layout}");
    }
}

#[test]
fn an_upload_is_counted_once() {
    let world = World::new();
    let action = world.put("action", b"object", |_| {});
    let upload = |id| {
        world.note(id, &[action]);
        let tiers = vec![(world.address.clone(), Credentials::default())];
        upload_to(&world.store, tiers, 3, Duration::ZERO, None, |_, _| {}).unwrap()
    };
    assert!(upload(1).iter().all(TierUpload::is_complete));
    let first = world.traffic();
    assert_eq!(first.sent, 1);
    assert!(upload(2).iter().all(TierUpload::is_complete));
    assert_eq!(world.traffic(), first, "it was there");
}
