//! By an open handle: a listing of a folder has neither the identity of a file nor how many names
//! it has, and may lag behind.

use std::fs::{File, OpenOptions};
use std::io;
use std::mem;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::path::Path;
use std::time::{Duration, SystemTime};

use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_ATTRIBUTE_DIRECTORY, FILE_ATTRIBUTE_REPARSE_POINT,
    FILE_ATTRIBUTE_TAG_INFO, FILE_BASIC_INFO, FILE_FLAG_BACKUP_SEMANTICS,
    FILE_FLAG_OPEN_REPARSE_POINT, FILE_INFO_BY_HANDLE_CLASS, FILE_READ_ATTRIBUTES, FILE_TYPE_DISK,
    FileAttributeTagInfo, FileBasicInfo, GetFileInformationByHandle, GetFileInformationByHandleEx,
    GetFileType,
};

use crate::windows::done;

use super::{FileId, Kind, Status};

/// The bit of a reparse point's tag which says that it stands for another name: symbolic links and
/// junctions have it.
const STANDS_FOR_A_NAME: u32 = 0x2000_0000;

/// From 1601, where Windows begins to count, to 1970.
const EPOCH: Duration = Duration::from_secs(11_644_473_600);

/// How many of Windows' units a second has.
const PER_SECOND: u64 = 10_000_000;

pub(super) fn at(path: &Path) -> io::Result<Status> {
    open(path, FILE_FLAG_OPEN_REPARSE_POINT).and_then(|file| of(&file))
}

pub(super) fn behind(path: &Path) -> io::Result<Status> {
    open(path, 0).and_then(|file| of(&file))
}

/// Opens what is there, a folder too, for its metadata alone. Whoever has it open is not disturbed.
fn open(path: &Path, flags: u32) -> io::Result<File> {
    OpenOptions::new()
        .access_mode(FILE_READ_ATTRIBUTES)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS | flags)
        .open(path)
}

pub(super) fn of(file: &File) -> io::Result<Status> {
    let mut found = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open as long as `file` is borrowed, and `found` is what is filled.
    done(unsafe { GetFileInformationByHandle(file.as_raw_handle(), &raw mut found) })?;
    // SAFETY: it is the structure of this class.
    let times: FILE_BASIC_INFO = unsafe { information(file, FileBasicInfo) }?;
    Ok(Status {
        modified: time(times.LastWriteTime)?,
        changed: time(times.ChangeTime)?,
        size: long(found.nFileSizeHigh, found.nFileSizeLow),
        id: FileId {
            device: found.dwVolumeSerialNumber.into(),
            file: long(found.nFileIndexHigh, found.nFileIndexLow),
        },
        links: found.nNumberOfLinks.into(),
        kind: kind(file, found.dwFileAttributes)?,
    })
}

fn kind(file: &File, attributes: u32) -> io::Result<Kind> {
    if attributes & FILE_ATTRIBUTE_REPARSE_POINT != 0 {
        // SAFETY: it is the structure of this class.
        let tag: FILE_ATTRIBUTE_TAG_INFO = unsafe { information(file, FileAttributeTagInfo) }?;
        return Ok(match tag.ReparseTag & STANDS_FOR_A_NAME {
            0 => Kind::Other,
            _ => Kind::Link,
        });
    }
    // SAFETY: the handle is open as long as `file` is borrowed.
    let is_on_disk = unsafe { GetFileType(file.as_raw_handle()) } == FILE_TYPE_DISK;
    Ok(match attributes & FILE_ATTRIBUTE_DIRECTORY != 0 {
        true => Kind::Folder,
        false if is_on_disk => Kind::File,
        false => Kind::Other,
    })
}

/// One of the structures that describe an open file.
///
/// # Safety
/// `Information` must be the structure of this class, which any bytes are a value of.
unsafe fn information<Information: Default>(
    file: &File,
    class: FILE_INFO_BY_HANDLE_CLASS,
) -> io::Result<Information> {
    let mut found = Information::default();
    let size = u32::try_from(mem::size_of::<Information>()).unwrap_or(0);
    // SAFETY: the handle is open as long as `file` is borrowed, and `found` has the size that is
    // said.
    let call = unsafe {
        GetFileInformationByHandleEx(file.as_raw_handle(), class, (&raw mut found).cast(), size)
    };
    done(call)?;
    Ok(found)
}

fn long(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// Converts a time of the system.
fn time(time: i64) -> io::Result<SystemTime> {
    let time = u64::try_from(time).unwrap_or(0);
    let nanoseconds = (time % PER_SECOND) as u32 * 100;
    let since_1601 = Duration::new(time / PER_SECOND, nanoseconds);
    let time = match since_1601.checked_sub(EPOCH) {
        Some(since_epoch) => SystemTime::UNIX_EPOCH.checked_add(since_epoch),
        None => SystemTime::UNIX_EPOCH.checked_sub(EPOCH - since_1601),
    };
    time.ok_or_else(|| io::Error::other("its time is none"))
}
