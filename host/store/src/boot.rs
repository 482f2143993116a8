//! Identifies the current boot of this machine.
//!
//! A put does not sync to the disk, so after a crash an object may have its size but not its bytes;
//! and a restored CI cache comes from another machine. An object counts as verified only on the
//! boot on which it was hashed.

#[cfg(windows)]
mod registry;

use std::fmt;
use std::str::FromStr;

use cachewarden_types::Digest;

/// The ID of one boot of one machine, always 16 hex digits, so that it can be changed in place in
/// an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootId(u64);

impl BootId {
    /// No boot: nothing was ever verified under it.
    pub const UNKNOWN: Self = Self(0);

    /// The boot on which this process runs; [`UNKNOWN`](Self::UNKNOWN) where the system does not
    /// say, and then every object is hashed before it is used.
    pub fn current() -> Self {
        Self::read().map_or(Self::UNKNOWN, |identity| Self::of(&identity))
    }

    /// The boot with this ID of the system.
    pub(super) fn of(identity: &str) -> Self {
        Self(Digest::of(identity.trim().as_bytes()).words()[0])
    }

    #[cfg(target_os = "linux")]
    fn read() -> Option<String> {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()
    }

    #[cfg(target_os = "macos")]
    fn read() -> Option<String> {
        /// A UUID as text, and the NUL behind it.
        const LENGTH: usize = 36 + 1;
        let mut text = [0_u8; LENGTH];
        let mut length = text.len();
        // SAFETY: the system writes at most `length` bytes to `text`, and how many they are.
        let result = unsafe {
            libc::sysctlbyname(
                c"kern.bootsessionuuid".as_ptr(),
                text.as_mut_ptr().cast(),
                &raw mut length,
                std::ptr::null_mut(),
                0,
            )
        };
        let text = std::ffi::CStr::from_bytes_until_nul(&text).ok()?;
        (result == 0).then(|| text.to_str().ok().map(str::to_owned))?
    }

    /// The machine, and how many times it was started. A machine that was cloned has the same
    /// number of it, so its name counts as well.
    #[cfg(windows)]
    fn read() -> Option<String> {
        let machine = registry::text(r"SOFTWARE\Microsoft\Cryptography", "MachineGuid")?;
        let name = registry::text(
            r"SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName",
            "ComputerName",
        )?;
        let boots = registry::number(
            r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters",
            "BootId",
        )?;
        Some(format!("{machine} {name} {boots}"))
    }

    #[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
    fn read() -> Option<String> {
        None
    }

    /// Whether bytes that were verified under `self` count as verified under `current`.
    pub fn matches(self, current: Self) -> bool {
        self == current && current != Self::UNKNOWN
    }
}

impl fmt::Display for BootId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

/// The text is not 16 hex digits.
#[derive(Debug)]
pub struct InvalidBootId;

impl FromStr for BootId {
    type Err = InvalidBootId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 16 {
            return Err(InvalidBootId);
        }
        u64::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| InvalidBootId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_boot_has_the_same_name_and_an_unknown_one_vouches_for_nothing() {
        assert_eq!(BootId::current(), BootId::current());
        assert!(BootId::of("x").matches(BootId::of("x\n")));
        assert!(!BootId::of("x").matches(BootId::of("y")));
        assert!(!BootId::UNKNOWN.matches(BootId::UNKNOWN));
    }
}
