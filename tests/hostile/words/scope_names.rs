//! Grants a scope to write and to read whose name would be something else in another place. Must: what is no scope name is not used, and said with every sign spelled out; what is one has a folder of its own.

/// A policy that writes and reads the scope of this name.
pub(in crate::hostile) fn policy(name: &[u8]) -> Vec<u8> {
    let bytes =
        |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("\\{byte:02x}")).collect() };
    let word = |number: usize| bytes(&(number as u32).to_le_bytes());
    let (pointer, length) = (word(1024), word(name.len()));
    format!(
        "(module
  (memory (export \"memory\") 1)
  (data (i32.const 1024) \"{name}\")
  ;; ok; write: some(name); read: 1 item; lifetime: 0
  (data (i32.const 128) \"{zero}{one}{pointer}{length}{list}{one}{zero}\")
  (data (i32.const 192) \"{pointer}{length}\")
  (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
  (func (export \"open\") (param i64 i64 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 128)))\n",
        name = bytes(name),
        zero = word(0),
        one = word(1),
        list = word(192),
    )
    .into_bytes()
}

/// Names that are none.
pub(in crate::hostile) fn refused() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("`../../x`", b"../../x".to_vec()),
        ("nothing", Vec::new()),
        ("`.`", b".".to_vec()),
        ("`..`", b"..".to_vec()),
        ("`a/b`", b"a/b".to_vec()),
        ("a backslash", b"a\\b".to_vec()),
        ("an absolute path", b"/etc/passwd".to_vec()),
        ("NUL", b"a\0b".to_vec()),
        ("a newline", b"a\nb".to_vec()),
        ("300 characters", vec![b'a'; 300]),
        ("97 characters", vec![b'a'; 97]),
        ("60,000 characters", vec![b'a'; 60_000]),
        ("right to left", "\u{202e}niam".as_bytes().to_vec()),
        ("combining signs", "mai\u{0308}n".as_bytes().to_vec()),
        (
            "a letter that looks like another",
            "m\u{0430}in".as_bytes().to_vec(),
        ),
        ("a dot at its end", b"main.".to_vec()),
        ("a space at its end", b"main ".to_vec()),
        ("a star", b"*".to_vec()),
        ("a stream of Windows", b"main:stream".to_vec()),
        ("the sign that a folder escapes with", b"!main".to_vec()),
    ]
}

/// Names that are some, and the folders that they have.
pub(in crate::hostile) fn kept() -> Vec<(&'static str, &'static str)> {
    vec![
        ("main", "main"),
        ("Main", "!main"),
        ("MAIN", "!m!a!i!n"),
        ("con", "!-con"),
        ("nul.txt", "!-nul.txt"),
        ("COM1", "!c!o!m1"),
        ("lpt9.a", "!-lpt9.a"),
        ("-rf", "-rf"),
        ("a..b", "a..b"),
    ]
}
