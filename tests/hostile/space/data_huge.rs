//! Has so many MiB of data. Must: it has them within the memory that a policy may have, and not beyond.

pub(in crate::hostile) fn policy(mebibytes: usize) -> Vec<u8> {
    let put = "(func (export \"put\") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32) (result i32) (i32.const 2))";
    let data = "a".repeat(mebibytes << 20);
    let pages = mebibytes * 16;
    format!("(module (memory {pages}) (data (i32.const 0) \"{data}\") {put})").into_bytes()
}
