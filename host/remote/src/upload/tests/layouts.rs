use super::*;
use crate::Layout;

/// Origin: a tier that was filled in packs was used with `layout=single`: no get hit, nothing said so,
/// and the upload wrote all of it a second time.
#[tokio::test]
async fn an_upload_does_not_mix_layouts() {
    for (first, second) in [("packs", "single"), ("single", "packs")] {
        let mut world = World::with(&format!("layout={first}"));
        let action = world.put("action", b"object", |_| {});
        world.note(1, &[action]);
        assert_eq!(world.upload().await.sent, 1);
        let text = world.address.to_string().replace(first, second);
        world.address = Address::parse(&text).unwrap();
        world.note(2, &[action]);
        let (so_far, outcome) = world.try_upload().await;
        let Err(UploadError::OtherLayout { found, meant }) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!((found.name(), meant.name()), (first, second));
        assert_eq!((so_far.sent, world.waiting()), (0, 1));
        // A tier in which both are is used on.
        let (own, other) = match world.address.layout() {
            Layout::Packs => ("v1/index/main", "v1/entries/main"),
            Layout::Single => ("v1/entries/main", "v1/index/main"),
        };
        assert!(world.tier(other).is_dir());
        fs::create_dir_all(world.tier(own)).unwrap();
        fs::write(world.tier(own).join("older"), b"").unwrap();
        assert_eq!(world.upload().await.sent, 1);
    }
}
