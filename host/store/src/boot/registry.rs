//! Values of the registry that are the machine's.

use std::ffi::c_void;

use windows_sys::Win32::Foundation::ERROR_SUCCESS;
use windows_sys::Win32::System::Registry::{
    HKEY_LOCAL_MACHINE, REG_ROUTINE_FLAGS, RRF_RT_REG_DWORD, RRF_RT_REG_SZ, RRF_SUBKEY_WOW6464KEY,
    RegGetValueW,
};

/// A value that is a number.
pub(super) fn number(key: &str, name: &str) -> Option<u32> {
    let mut number = [0; 4];
    let length = read(key, name, RRF_RT_REG_DWORD, &mut number)?;
    (length == number.len()).then(|| u32::from_ne_bytes(number))
}

/// A value that is a text.
pub(super) fn text(key: &str, name: &str) -> Option<String> {
    /// More than a UUID and the longest name of a machine have, in bytes.
    const MOST: usize = 512;
    let mut bytes = [0; MOST];
    let length = read(key, name, RRF_RT_REG_SZ, &mut bytes)?;
    let (units, _) = bytes.get(..length)?.as_chunks();
    let units: Vec<_> = units.iter().copied().map(u16::from_ne_bytes).collect();
    let text = String::from_utf16(&units).ok()?;
    Some(text.trim_end_matches('\0').to_owned())
}

/// Reads a value of this kind; how many bytes it has.
fn read(key: &str, name: &str, kind: REG_ROUTINE_FLAGS, value: &mut [u8]) -> Option<usize> {
    let wide = |text: &str| -> Vec<_> { text.encode_utf16().chain([0]).collect() };
    let (key, name) = (wide(key), wide(name));
    let mut length = u32::try_from(value.len()).ok()?;
    // SAFETY: both texts end with a null, and the system writes at most `length` bytes to `value`,
    // and how many they are.
    let result = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            name.as_ptr(),
            kind | RRF_SUBKEY_WOW6464KEY,
            std::ptr::null_mut(),
            value.as_mut_ptr().cast::<c_void>(),
            &raw mut length,
        )
    };
    (result == ERROR_SUCCESS).then_some(length as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_and_what_is_missing_or_of_another_kind_is_not() {
        const KEY: &str = r"SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName";
        let name = text(KEY, "ComputerName").unwrap();
        assert!(!name.is_empty() && !name.contains('\0'), "{name:?}");
        assert_eq!(number(KEY, "ComputerName"), None);
        assert_eq!(text(KEY, "no such value"), None);
        assert_eq!(text(r"SYSTEM\no such key", "ComputerName"), None);
    }
}
