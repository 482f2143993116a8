//! By the flags of `open`.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

use rustix::fs::OFlags;

/// What only the user may read and write.
const MODE: u32 = 0o600;

pub(super) fn for_this_user(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(MODE)
}

pub(super) fn names(_: &File, metadata: &Metadata) -> io::Result<u64> {
    Ok(metadata.nlink())
}

pub(super) fn wait_for_no_pipe(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed())
}

/// The metadata has said so.
pub(super) fn is_on_disk(_: &File) -> bool {
    true
}

pub(super) fn follow_no_link(options: &mut OpenOptions) -> &mut OpenOptions {
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    options.custom_flags(flags.bits().cast_signed())
}

pub(super) fn to_read_and_touch() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    options
}
