//! Which start of which machine this is.
//!
//! Nothing is synced to the disk at a put, so after a crash an object may have its size and not its bytes; and a
//! restored CI cache comes from elsewhere. Bytes count as checked only under the boot that checked them.

use std::fmt;
use std::str::FromStr;

use cachewarden_types::Digest;

/// Names one start of one machine: 16 hex digits, always, so that an entry's boot can be changed in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot(u64);

impl Boot {
    /// No boot at all; nothing was ever checked under it.
    pub const UNKNOWN: Self = Self(0);

    /// The boot that this process runs under; [`UNKNOWN`](Self::UNKNOWN) where the system does not tell, and every
    /// object is then hashed before it counts.
    pub fn current() -> Self {
        Self::read().map_or(Self::UNKNOWN, |identity| Self::of(&identity))
    }

    /// The boot that the system calls by this text.
    pub(super) fn of(identity: &str) -> Self {
        Self(Digest::of(identity.trim().as_bytes()).words()[0])
    }

    #[cfg(target_os = "linux")]
    fn read() -> Option<String> {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()
    }

    #[cfg(not(target_os = "linux"))]
    fn read() -> Option<String> {
        let host = sysinfo::System::host_name().unwrap_or_default();
        match sysinfo::System::boot_time() {
            0 => None,
            time => Some(format!("{host} {time}")),
        }
    }

    /// Whether bytes checked under `self` still count as checked now, under `current`.
    pub fn vouches_under(self, current: Self) -> bool {
        self == current && current != Self::UNKNOWN
    }
}

impl fmt::Display for Boot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

/// A text that is no boot.
#[derive(Debug)]
pub struct InvalidBoot;

impl FromStr for Boot {
    type Err = InvalidBoot;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 16 {
            return Err(InvalidBoot);
        }
        u64::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| InvalidBoot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_boot_has_the_same_name_and_an_unknown_one_vouches_for_nothing() {
        assert_eq!(Boot::current(), Boot::current());
        assert!(Boot::of("x").vouches_under(Boot::of("x\n")));
        assert!(!Boot::of("x").vouches_under(Boot::of("y")));
        assert!(!Boot::UNKNOWN.vouches_under(Boot::UNKNOWN));
    }
}
