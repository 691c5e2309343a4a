//! Addresses of data connections as commands and replies write them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The port in a 229 reply: `(|||6446|)` with any delimiter (RFC 2428 §3).
pub(super) fn epsv_port(text: &[u8]) -> Option<u16> {
    let open = text.iter().position(|byte| *byte == b'(')?;
    let inside = &text[open + 1..];
    let close = inside.iter().position(|byte| *byte == b')')?;
    let (delimiter, fields) = inside[..close].split_first()?;
    let mut fields = fields.split(|byte| byte == delimiter);
    let port = fields.nth(2)?;
    std::str::from_utf8(port)
        .ok()?
        .parse()
        .ok()
        .filter(|port| *port > 0)
}

/// The address in a 227 reply: the first six numbers with commas, with or without parentheses (RFC 1123 §4.1.2.6), and with
/// or without spaces around the commas.
pub(super) fn pasv_address(text: &[u8]) -> Option<SocketAddr> {
    // The words around the numbers may be in any encoding.
    let text = String::from_utf8_lossy(text);
    // Without spaces first: then a number and a comma among the words are none of the six.
    first_address(&text).or_else(|| first_address(&without_spaces(&text)))
}

fn first_address(text: &str) -> Option<SocketAddr> {
    text.split(|c: char| !c.is_ascii_digit() && c != ',')
        .find_map(six_numbers)
}

/// The same without the spaces around commas.
fn without_spaces(text: &str) -> String {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    parts.join(",")
}

fn six_numbers(run: &str) -> Option<SocketAddr> {
    let numbers: Vec<u8> = run
        .trim_matches(',')
        .split(',')
        .map(|number| number.parse().ok())
        .collect::<Option<_>>()?;
    let [a, b, c, d, high, low] = numbers[..] else {
        return None;
    };
    let port = u16::from(high) * 256 + u16::from(low);
    (port > 0).then(|| SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), port))
}

/// The argument of EPRT (RFC 2428 §2).
pub(super) fn eprt_argument(ip: IpAddr, port: u16) -> String {
    let family = if ip.is_ipv4() { 1 } else { 2 };
    format!("|{family}|{ip}|{port}|")
}

/// The argument of PORT (RFC 959 §4.1.2).
pub(super) fn port_argument(ip: Ipv4Addr, port: u16) -> String {
    let [a, b, c, d] = ip.octets();
    format!("{a},{b},{c},{d},{},{}", port / 256, port % 256)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ports_of_epsv_are_read_with_any_delimiter() {
        assert_eq!(
            epsv_port(b"Entering Extended Passive Mode (|||6446|)"),
            Some(6446)
        );
        assert_eq!(epsv_port(b"ok (!!!21000!)."), Some(21000));
        for bad in [
            &b"no"[..],
            b"(|||0|)",
            b"(|||70000|)",
            b"(|||)",
            b"()",
            b"(||||)",
        ] {
            assert_eq!(epsv_port(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn addresses_of_pasv_are_read_with_and_without_parentheses() {
        let expected = "10.1.2.3:1027".parse().ok();
        assert_eq!(pasv_address(b"Entering (10,1,2,3,4,3)."), expected);
        assert_eq!(pasv_address(b"Entering 10,1,2,3,4,3"), expected);
        assert_eq!(pasv_address(b"Entering (10, 1, 2, 3, 4, 3)"), expected);
        assert_eq!(pasv_address(b"Yes, 10 ,1 ,2 ,3 ,4 ,3"), expected);
        assert_eq!(pasv_address(b"Passive mode 2, 10,1,2,3,4,3"), expected);
        assert_eq!(pasv_address(b"Entering (10,1,2,3,4)"), None);
        assert_eq!(pasv_address(b"Entering (10 1 2 3 4 3)"), None);
        assert_eq!(pasv_address(b"Entering (10,1,2,300,4,3)"), None);
    }

    #[test]
    fn active_addresses_are_written_for_both_families() {
        assert_eq!(eprt_argument("::1".parse().unwrap(), 5282), "|2|::1|5282|");
        assert_eq!(port_argument(Ipv4Addr::LOCALHOST, 1027), "127,0,0,1,4,3");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = (epsv_port(&text), pasv_address(&text));
        }
    }
}
