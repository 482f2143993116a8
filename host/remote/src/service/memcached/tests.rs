use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;

/// A client, and the place where a test's server accepts it.
async fn client() -> (Memcached, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
    let options = BTreeMap::from([("endpoint".to_owned(), endpoint)]);
    (Memcached::new(&options).unwrap(), listener)
}

/// The key that is asked for.
async fn asked(connection: &mut TcpStream) -> Option<String> {
    let mut header = [0; HEADER];
    connection.read_exact(&mut header).await.ok()?;
    let mut key = vec![0; usize::from(u16::from_be_bytes([header[2], header[3]]))];
    connection.read_exact(&mut key).await.ok()?;
    Some(String::from_utf8(key).unwrap())
}

/// The answer to a get, with these flags before its value.
fn answer(length: u32, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    (bytes[0], bytes[1], bytes[4]) = (ANSWER, GET, 4);
    bytes[8..12].copy_from_slice(&(length + 4).to_be_bytes());
    bytes.extend_from_slice(&[1; 4]);
    bytes.extend_from_slice(value);
    bytes
}

#[tokio::test]
async fn the_answer_to_a_request_that_was_given_up_is_taken_for_no_other() {
    let (client, listener) = client().await;
    let (sender, mut heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((mut connection, _)) = listener.accept().await {
            number += 1;
            let (number, sender) = (number, sender.clone());
            tokio::spawn(async move {
                while let Some(key) = asked(&mut connection).await {
                    sender.send(number).unwrap();
                    // Its first request is answered when the second comes.
                    if key != "slow" {
                        let value = format!("of {key}");
                        let bytes = answer(value.len() as u32, value.as_bytes());
                        connection.write_all(&bytes).await.unwrap();
                    }
                }
            });
        }
    });
    let value = client.get("a").await.unwrap();
    assert_eq!(value.as_deref(), Some(&b"of a"[..]));
    assert_eq!(heard.recv().await, Some(1));
    tokio::select! {
        value = client.get("slow") => panic!("{value:?}"),
        number = heard.recv() => assert_eq!(number, Some(1), "it is used again"),
    }
    let value = client.get("b").await.unwrap();
    assert_eq!(value.as_deref(), Some(&b"of b"[..]));
    assert_eq!(heard.recv().await, Some(2), "another connection");
}

#[tokio::test]
async fn no_more_is_read_than_a_value_can_have() {
    for (bytes, expected) in [
        (answer(u32::MAX - 4, b"x"), "more than"),
        (answer(MAX_ANSWER as u32, b"x"), "more than"),
        (
            b"ERROR\r\nERROR\r\nERROR\r\nERROR\r\n".to_vec(),
            "does not speak",
        ),
    ] {
        let (client, listener) = client().await;
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                asked(&mut connection).await;
                let _ = connection.write_all(&bytes).await;
            }
        });
        let error = client.get("key").await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
