//! One request to a PHP-FPM pool, in the web server's place: how a pool's own PHP tells how it is set.
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

/// Where a pool listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Listen {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// What PHP wrote to its error stream.
    pub(super) errors: String,
}

/// Lets the pool run this script, for a GET.
pub(super) fn get(listen: &Listen, parameters: &[(&str, &str)]) -> io::Result<Reply> {
    match listen {
        Listen::Unix(path) => {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(LIMIT))?;
            stream.set_write_timeout(Some(LIMIT))?;
            exchange(stream, parameters)
        }
        Listen::Tcp(addr) => {
            let stream = TcpStream::connect_timeout(addr, LIMIT)?;
            stream.set_read_timeout(Some(LIMIT))?;
            stream.set_write_timeout(Some(LIMIT))?;
            exchange(stream, parameters)
        }
    }
}

fn exchange(mut stream: impl Read + Write, parameters: &[(&str, &str)]) -> io::Result<Reply> {
    let mut body = Vec::new();
    for (name, value) in parameters {
        length(&mut body, name.len());
        length(&mut body, value.len());
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(value.as_bytes());
    }
    let mut request = Vec::new();
    record(&mut request, BEGIN, &[0, RESPONDER, 0, 0, 0, 0, 0, 0]);
    record(&mut request, PARAMETERS, &body);
    record(&mut request, PARAMETERS, &[]);
    record(&mut request, STDIN, &[]);
    stream.write_all(&request)?;
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    loop {
        let mut head = [0; 8];
        stream.read_exact(&mut head)?;
        let mut content = vec![0; usize::from(u16::from_be_bytes([head[4], head[5]]))];
        stream.read_exact(&mut content)?;
        stream.read_exact(&mut vec![0; usize::from(head[6])])?;
        match head[1] {
            STDOUT if output.len() < MOST => output.extend(content),
            STDERR if errors.len() < MOST => errors.extend(content),
            END => break,
            _ => {}
        }
    }
    Ok(reply(&output, &errors))
}

fn reply(output: &[u8], errors: &[u8]) -> Reply {
    let end = memchr::memmem::find(output, b"\r\n\r\n");
    let (head, body) = end.map_or((output, &[][..]), |end| {
        (&output[..end], output.get(end + 4..).unwrap_or_default())
    });
    let head = String::from_utf8_lossy(head);
    let status = head.lines().find_map(|line| line.strip_prefix("Status: "));
    let status = status.and_then(|status| status.get(..3)?.parse().ok());
    Reply {
        status: status.unwrap_or(200),
        body: body.to_vec(),
        errors: String::from_utf8_lossy(errors).into_owned(),
    }
}

/// A record of at most 64 KiB; ours have a few hundred bytes.
fn record(request: &mut Vec<u8>, kind: u8, content: &[u8]) {
    let size = u16::try_from(content.len())
        .unwrap_or(u16::MAX)
        .to_be_bytes();
    request.extend([1, kind, 0, 1, size[0], size[1], 0, 0]);
    request.extend_from_slice(content);
}

fn length(body: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < 128 => body.push(short),
        _ => {
            let long = u32::try_from(length).unwrap_or(u32::MAX) | 1 << 31;
            body.extend(long.to_be_bytes());
        }
    }
}

const LIMIT: Duration = Duration::from_secs(10);
const MOST: usize = 256 << 10;
const BEGIN: u8 = 1;
const END: u8 = 3;
const PARAMETERS: u8 = 4;
const STDIN: u8 = 5;
const STDOUT: u8 = 6;
const STDERR: u8 = 7;
const RESPONDER: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read_and_missing_means_200() {
        let odd = reply(
            b"Status: 404 Not Found\r\nX: y\r\n\r\nFile not found.\n",
            b"",
        );
        assert_eq!(
            (odd.status, odd.body.as_slice()),
            (404, &b"File not found.\n"[..])
        );
        assert_eq!(reply(b"Content-type: text/html\r\n\r\n{}", b"").status, 200);
        assert_eq!(reply(b"", b"").status, 200);
    }

    #[test]
    fn long_values_have_a_long_length() {
        let mut bytes = Vec::new();
        length(&mut bytes, 5);
        length(&mut bytes, 300);
        assert_eq!(bytes, [5, 0x80, 0, 1, 44]);
    }
}
