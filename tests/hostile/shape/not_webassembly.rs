//! Is something else: nothing, a picture, native code, a later version of the format, zeros. Must: the helper does not start; one text names the file and says what was expected.

/// What else a file may be, and its bytes.
pub(in crate::hostile) fn policies() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("empty", Vec::new()),
        ("wrong magic", b"\0asn\x01\0\0\0".to_vec()),
        ("wrong version", b"\0asm\x02\0\0\0".to_vec()),
        ("wrong layer", b"\0asm\x0d\0\x02\0".to_vec()),
        ("the magic alone", b"\0asm".to_vec()),
        ("zeros", vec![0; 4096]),
        ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
        (
            "an ELF file",
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0".to_vec(),
        ),
        ("a script", b"#!/bin/sh\nexit 0\n".to_vec()),
        (
            "text that is not closed",
            b"(module (func (export \"put\")".to_vec(),
        ),
        (
            "text that escapes",
            b"(module (func (export \"\\1b[2J\x1b[31m\r\nput\")) (oops\x1b[2J))".to_vec(),
        ),
        ("text that is no UTF-8", b"(module \xff\xfe)".to_vec()),
    ]
}
