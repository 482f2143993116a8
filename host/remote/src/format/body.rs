//! The bytes of an object as they travel: compressed where that makes them smaller.
//!
//! What always holds: reading gives exactly as many bytes as the entry says, or an error. Memory is
//! bounded whatever the bytes are: the decompressor's window has a bound, and nothing is decoded
//! beyond the size that was announced.

use std::cell::RefCell;
use std::io::{self, BufReader, Read};

use thiserror::Error;
use zstd::bulk::Decompressor;
use zstd::stream::raw::{CParameter, DParameter};

/// The highest level of zstd. Above, compressing takes longer than most networks.
pub const MAX_LEVEL: i32 = 19;

/// The logarithm of the largest window of a compressed object, in bytes: 8 MiB, which is the most
/// that RFC 8878 advises to accept. A larger one costs the reader memory.
const MAX_WINDOW_LOG: u32 = 23;

/// Objects below this size are sent as they are: the frame of zstd has some 15 bytes.
const LEAST_COMPRESSED: usize = 64;

/// Bytes that are given on at a time.
const PART: usize = 128 * 1024;

/// The most bytes that an object is longer by as it is stored. A writer stores what does not shrink as it
/// is; a frame of zstd may have blocks without bytes and without end.
const MOST_LONGER: u64 = 1024;

/// The largest object that is decompressed in one piece.
const AT_ONCE: u64 = 4 << 20;

thread_local! {
    /// What this thread decompresses with.
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// How the bytes of an object are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// As they are.
    Plain,
    /// A frame of zstd with a checksum.
    Zstd,
}

/// An object as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// How the bytes are written.
    pub encoding: Encoding,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Why the bytes of an object cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BodyError {
    /// There are fewer bytes than the entry says, or more.
    #[error("the object has {found} bytes where its entry says {expected}")]
    WrongSize {
        /// What the entry says.
        expected: u64,
        /// Bytes that were found; one more than expected where it has more.
        found: u64,
    },
    /// The bytes are not what was written, or could not be read.
    #[error("the object cannot be read")]
    Unreadable(#[from] io::Error),
}

impl Encoding {
    /// Its name in an entry.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Zstd => "zstd",
        }
    }

    /// The encoding with this name; `None` where this version does not know it.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Plain, Self::Zstd]
            .into_iter()
            .find(|encoding| encoding.name() == name)
    }

    /// What the first byte of an object's value is, by which it says its encoding.
    pub fn mark(self) -> u8 {
        match self {
            Self::Plain => b'0',
            Self::Zstd => b'z',
        }
    }

    /// The encoding with this mark.
    pub fn from_mark(mark: u8) -> Option<Self> {
        [Self::Plain, Self::Zstd]
            .into_iter()
            .find(|encoding| encoding.mark() == mark)
    }
}

impl Body {
    /// An object for sending, compressed at a level from 1 to [`MAX_LEVEL`]; 0 leaves it as it is.
    ///
    /// # Errors
    /// When there is no memory to compress it.
    pub fn of(object: &[u8], level: i32) -> io::Result<Self> {
        let plain = || Self {
            encoding: Encoding::Plain,
            bytes: object.to_vec(),
        };
        if level == 0 || object.len() < LEAST_COMPRESSED {
            return Ok(plain());
        }
        let mut compressor = zstd::bulk::Compressor::new(level.min(MAX_LEVEL))?;
        compressor.include_checksum(true)?;
        compressor.set_parameter(CParameter::WindowLog(MAX_WINDOW_LOG))?;
        let compressed = compressor.compress(object)?;
        Ok(match compressed.len() < object.len() {
            true => Self {
                encoding: Encoding::Zstd,
                bytes: compressed,
            },
            false => plain(),
        })
    }

    /// The value under an object's key: the mark of the encoding, then the bytes.
    pub fn to_value(&self) -> Vec<u8> {
        let mut value = Vec::with_capacity(self.bytes.len() + 1);
        value.push(self.encoding.mark());
        value.extend_from_slice(&self.bytes);
        value
    }
}

/// The most bytes of an object of this size as it is stored. No more are received.
pub fn most_stored(size: u64) -> u64 {
    size.saturating_add(MOST_LONGER)
}

/// Gives the bytes of an object to `take`, part by part, and checks that there are `size` of them.
///
/// # Errors
/// When they are fewer or more, or not what was written. What was taken until then must not count.
pub fn read(
    encoding: Encoding,
    size: u64,
    source: impl Read,
    take: impl FnMut(&[u8]),
) -> Result<(), BodyError> {
    match decode(encoding, size, source, take)? {
        found if found == size => Ok(()),
        found => Err(BodyError::WrongSize {
            expected: size,
            found,
        }),
    }
}

/// The same for bytes that are all there. Most objects are small: for these a decompressor is used
/// again, and nothing but the object itself is allocated.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(
    encoding: Encoding,
    size: u64,
    bytes: &[u8],
    mut take: impl FnMut(&[u8]),
) -> Result<(), BodyError> {
    if encoding != Encoding::Zstd || size > AT_ONCE {
        return read(encoding, size, bytes, take);
    }
    let object = DECOMPRESSOR.with_borrow_mut(|decompressor| {
        if decompressor.is_none() {
            *decompressor = Some(Decompressor::new()?);
        }
        let decompressor = decompressor.as_mut().expect("it is there");
        decompressor.decompress(bytes, size as usize)
    })?;
    let found = object.len() as u64;
    if found != size {
        return Err(BodyError::WrongSize {
            expected: size,
            found,
        });
    }
    take(&object);
    Ok(())
}

/// Gives the bytes of an object to `take`, part by part, and says how many there are.
///
/// # Errors
/// When there are more than `most`, or they are not what was written. What was taken until then must
/// not count.
pub fn decode(
    encoding: Encoding,
    most: u64,
    source: impl Read,
    mut take: impl FnMut(&[u8]),
) -> Result<u64, BodyError> {
    let mut reader: Box<dyn Read + '_> = match encoding {
        Encoding::Plain => Box::new(source),
        Encoding::Zstd => {
            let mut decoder =
                zstd::stream::read::Decoder::with_buffer(BufReader::new(source))?.single_frame();
            decoder.set_parameter(DParameter::WindowLogMax(MAX_WINDOW_LOG))?;
            Box::new(decoder)
        }
    };
    // Room for one byte more shows that there is one.
    let length = usize::try_from(most).unwrap_or(PART).min(PART - 1) + 1;
    let mut buffer = vec![0; length];
    let mut found = 0;
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        found += count as u64;
        if found > most {
            return Err(BodyError::WrongSize {
                expected: most,
                found: most + 1,
            });
        }
        take(&buffer[..count]);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes in both ways, which must come to the same.
    fn decode(body: &Body, size: u64) -> Result<Vec<u8>, BodyError> {
        let mut whole = Vec::new();
        let at_once = read_bytes(body.encoding, size, &body.bytes, |part| {
            whole.extend_from_slice(part)
        });
        let mut object = Vec::new();
        let read = read(body.encoding, size, &body.bytes[..], |part| {
            object.extend_from_slice(part)
        });
        assert_eq!(at_once.is_ok(), read.is_ok(), "{at_once:?} {read:?}");
        read?;
        assert_eq!(whole, object);
        Ok(object)
    }

    /// Bytes that do not shrink.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    #[test]
    fn an_object_comes_back_and_is_compressed_where_that_makes_it_smaller() {
        for (object, level, encoding) in [
            (Vec::new(), 3, Encoding::Plain),
            (b"short".to_vec(), 3, Encoding::Plain),
            (vec![b'a'; 10_000], 3, Encoding::Zstd),
            (vec![b'a'; 10_000], 0, Encoding::Plain),
            (vec![b'a'; 20_000_000], 1, Encoding::Zstd),
            (noise(10_000), 3, Encoding::Plain),
        ] {
            let body = Body::of(&object, level).unwrap();
            assert_eq!(body.encoding, encoding, "{} bytes", object.len());
            assert!(body.bytes.len() <= object.len());
            assert_eq!(decode(&body, object.len() as u64).unwrap(), object);
            let value = body.to_value();
            assert_eq!(Encoding::from_mark(value[0]), Some(encoding));
            assert_eq!(Encoding::from_name(encoding.name()), Some(encoding));
        }
    }

    #[test]
    fn another_size_than_the_entry_says_is_an_error_and_a_bomb_is_not_unpacked() {
        let bomb = Body::of(&vec![0; 50_000_000], 19).unwrap();
        assert!(bomb.bytes.len() < 50_000);
        for size in [0, 1, 1000, 49_999_999, 50_000_001] {
            let mut taken = 0;
            let result = read(bomb.encoding, size, &bomb.bytes[..], |part| {
                taken += part.len()
            });
            assert!(matches!(result, Err(BodyError::WrongSize { .. })), "{size}");
            assert!(taken as u64 <= size, "{size}: {taken}");
            if size <= AT_ONCE {
                let nothing = |_: &[u8]| panic!("nothing is taken");
                assert!(read_bytes(bomb.encoding, size, &bomb.bytes, nothing).is_err());
            }
        }
    }

    #[test]
    fn bytes_that_are_torn_changed_or_followed_by_others_are_an_error() {
        let object: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        let body = Body::of(&object, 3).unwrap();
        assert_eq!(body.encoding, Encoding::Zstd);
        let size = object.len() as u64;
        for length in [0, 1, 10, body.bytes.len() / 2, body.bytes.len() - 1] {
            let torn = Body {
                encoding: Encoding::Zstd,
                bytes: body.bytes[..length].to_vec(),
            };
            assert!(decode(&torn, size).is_err(), "{length}");
        }
        let mut changed = body.clone();
        let middle = changed.bytes.len() / 2;
        changed.bytes[middle] ^= 1;
        // By the checksum, where not before.
        assert!(decode(&changed, size).is_err());
        let mut wide = zstd::bulk::Compressor::new(3).unwrap();
        wide.set_parameter(CParameter::WindowLog(MAX_WINDOW_LOG + 1))
            .unwrap();
        wide.set_parameter(CParameter::ContentSizeFlag(false))
            .unwrap();
        let wide = Body {
            encoding: Encoding::Zstd,
            bytes: wide.compress(&noise(17_000_000)).unwrap(),
        };
        assert!(
            decode(&wide, 17_000_000).is_err(),
            "a window beyond the bound"
        );
    }
}
